//! Threads that start, end, and use the heap after the core has said goodbye to them.

mod support;

use heapwarden_core::size_class::SMALL_MAX;
use heapwarden_core::statistics::gather;
use heapwarden_core::{allocate, free, reallocate, trim, verify_structures};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{ptr, thread};

/// The figures are the whole process's, so these tests run one at a time; and not before the thread
/// of the test before, which goes on for a moment, has told the core of its end.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    release(allocate(1));
    for _ in 0..10_000 {
        if gather().threads == 1 {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    guard
}

const SIZES: [usize; 5] = [24, 1000, SMALL_MAX, 100_000, 40 << 20];

fn release(block: *mut u8) {
    // SAFETY: each block is freed once, by who holds it last.
    unsafe { free(block) }.expect("a live block");
}

/// Goal: what libc does in a thread after our key's destructor still works and is still counted.
/// Method: a key that was created later than ours is destroyed later.
#[test]
fn a_thread_may_use_the_heap_after_its_end() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    extern "C" fn late(value: *mut libc::c_void) {
        release(value.cast());
        for size in SIZES {
            let block = allocate(size);
            assert!(!block.is_null());
            // SAFETY: just handed out, with this many bytes.
            unsafe { ptr::write_bytes(block, 7, size) };
            // SAFETY: live, and this thread's alone.
            let moved = unsafe { reallocate(block, size * 2) }.expect("a live block");
            // SAFETY: at least `size` bytes were kept.
            assert_eq!(unsafe { *moved.add(size - 1) }, 7);
            release(moved);
        }
        // Left to be freed by another thread.
        for left in &LEFT {
            left.store(allocate(64) as usize, Relaxed);
        }
        RUNS.fetch_add(1, Relaxed);
    }
    static LEFT: [AtomicUsize; 3] = [const { AtomicUsize::new(0) }; 3];

    let _alone = alone();
    release(allocate(1));
    let mut key = 0;
    // SAFETY: `late` lives as long as the process.
    assert_eq!(unsafe { libc::pthread_key_create(&mut key, Some(late)) }, 0);
    let before = gather();
    for round in 1..=20 {
        let started = thread::spawn(move || {
            let value = allocate(500);
            // SAFETY: the key exists.
            assert_eq!(unsafe { libc::pthread_setspecific(key, value.cast()) }, 0);
        });
        started.join().unwrap();
        assert_eq!(RUNS.load(Relaxed), round);
        LEFT.iter().for_each(|left| release(left.load(Relaxed) as *mut u8));
    }
    let after = gather();
    assert_eq!(after.live_blocks, before.live_blocks, "{after:?}");
    assert_eq!(after.live_bytes, before.live_bytes, "{after:?}");
    assert_eq!(after.threads, before.threads);
    verify_structures();
}

#[test]
fn threads_one_after_another_leave_nothing_behind() {
    let _alone = alone();
    let round = || {
        let started = thread::spawn(|| {
            let blocks: Vec<_> = (0..500).map(|number| allocate(number * 5) as usize).collect();
            blocks.into_iter().for_each(|block| release(block as *mut u8));
        });
        started.join().unwrap();
    };
    for _ in 0..20 {
        round();
    }
    let before = gather();
    for _ in 0..500 {
        round();
    }
    let after = gather();
    assert_eq!(after.metadata_bytes, before.metadata_bytes, "{before:?} {after:?}");
    assert_eq!(after.live_blocks, before.live_blocks);
    assert_eq!((after.threads, after.arenas), (before.threads, before.arenas));
}

#[test]
fn blocks_outlive_their_thread() {
    let _alone = alone();
    release(allocate(1));
    trim(0);
    let before = gather();
    let blocks: Vec<usize> = (0..8)
        .flat_map(|_| {
            let started = thread::spawn(|| {
                let blocks = (0..2000).map(|number| {
                    let block = allocate(number + 8);
                    // SAFETY: just handed out, with more than eight bytes.
                    unsafe { block.cast::<usize>().write_unaligned(block as usize) };
                    block as usize
                });
                blocks.collect::<Vec<_>>()
            });
            started.join().unwrap()
        })
        .collect();
    assert_eq!(gather().live_blocks, before.live_blocks + 16_000);
    for block in blocks {
        // SAFETY: live until it is released here.
        assert_eq!(unsafe { (block as *const usize).read_unaligned() }, block);
        release(block as *mut u8);
    }
    trim(0);
    let after = gather();
    assert_eq!(after.live_blocks, before.live_blocks);
    assert_eq!(after.live_bytes, before.live_bytes);
    verify_structures();
}
