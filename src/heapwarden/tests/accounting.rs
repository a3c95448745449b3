//! The counters per call site, against what a program is known to have done. Each test runs its part
//! in a process of its own, on profile `leak`.

use heapwarden::Heapwarden;
use heapwarden::callsite::counters::{self, Counters, SHORT_LIFE, STEP};
use std::alloc::{Layout, alloc, dealloc, realloc};
use std::hint::black_box;
use std::process::Command;
use std::thread;

#[global_allocator]
static ALLOCATOR: Heapwarden = Heapwarden::new();

const IN_CHILD: &str = "HEAPWARDEN_TEST_CHILD";

/// Runs `body` in a child that executes only the test `name`.
fn in_a_child(name: &str, body: fn()) {
    if std::env::var_os(IN_CHILD).is_some() {
        return body();
    }
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", name, "--test-threads", "1"])
        .env(IN_CHILD, "1")
        .env("HEAPWARDEN_OPTIONS", "profile=leak:stack_depth=64")
        .output()
        .expect("the child starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("1 passed"), "the test ran: {stdout}");
}

/// The call sites that have allocated so often; found without allocating.
fn with_allocations(allocations: u64) -> (usize, Counters) {
    let (mut count, mut sum) = (0, Counters::default());
    counters::visit(&mut |_, site| {
        if site.allocations == allocations {
            count += 1;
            sum = *site;
        }
    });
    (count, sum)
}

fn only(allocations: u64) -> Counters {
    let (count, counters) = with_allocations(allocations);
    assert_eq!(count, 1, "call sites with {allocations} allocations");
    counters
}

/// A block of memory that outlives its function; its address as a number, to be sent to threads.
#[inline(never)]
fn take(size: usize) -> usize {
    // SAFETY: the size is not 0.
    black_box(unsafe { alloc(Layout::from_size_align_unchecked(size, 8)) }) as usize
}

#[inline(never)]
fn give(block: usize, size: usize) {
    // SAFETY: a block that `take` gave, of that size.
    unsafe { dealloc(block as *mut u8, Layout::from_size_align_unchecked(size, 8)) };
}

#[test]
fn what_is_kept_is_live_and_the_peak_stays() {
    in_a_child("what_is_kept_is_live_and_the_peak_stays", || {
        let mut blocks = Vec::with_capacity(1003);
        for _ in 0..1003 {
            blocks.push(take(48));
        }
        let kept = Counters {
            allocations: 1003,
            bytes: 1003 * 48,
            live_blocks: 1003,
            live_bytes: 1003 * 48,
            peak_bytes: 1003 * 48,
            short_lived: 0,
        };
        assert_eq!(only(1003), kept);
        blocks.drain(..403).for_each(|block| give(block, 48));
        assert_eq!(only(1003), Counters { live_blocks: 600, live_bytes: 600 * 48, ..kept });
        // Far more than one step.
        let large = Vec::from_iter((0..37).map(|_| take(3 << 20)));
        large.into_iter().for_each(|block| give(block, 3 << 20));
        assert_eq!(
            only(37),
            Counters { allocations: 37, bytes: 111 << 20, peak_bytes: 111 << 20, ..only(37) }
        );
        assert_eq!((only(37).live_blocks, only(37).live_bytes), (0, 0));
        let totals = counters::totals();
        // The harness has a thread too.
        let peak = totals.peak_bytes.abs_diff(totals.live_bytes + (111 << 20));
        assert!(peak <= 2 * STEP as u64, "{totals:?}");
        assert!(totals.allocations > 1040 && totals.live_blocks >= 600, "{totals:?}");
    });
}

#[test]
fn blocks_that_are_freed_at_once_are_short_lived() {
    in_a_child("blocks_that_are_freed_at_once_are_short_lived", || {
        let mut waiting = Vec::with_capacity(SHORT_LIFE as usize + 2);
        // Each is freed when that many were allocated after it: the last count that is short.
        for _ in 0..1701 {
            waiting.insert(0, take(40));
            if waiting.len() > SHORT_LIFE as usize {
                give(waiting.remove(SHORT_LIFE as usize), 40);
            }
        }
        let short = 1701 - u64::from(SHORT_LIFE);
        let counters = only(1701);
        assert_eq!((counters.short_lived, counters.live_blocks), (short, u64::from(SHORT_LIFE)));
        waiting.drain(..).for_each(|block| give(block, 40));
        assert_eq!(counters.peak_bytes, (u64::from(SHORT_LIFE) + 1) * 40);
        // One more in between, and none is.
        for _ in 0..1801 {
            waiting.insert(0, take(56));
            if waiting.len() > SHORT_LIFE as usize + 1 {
                give(waiting.remove(SHORT_LIFE as usize + 1), 56);
            }
        }
        assert_eq!(only(1801).short_lived, 0);
    });
}

#[test]
fn what_ended_threads_did_counts_and_others_may_free_it() {
    in_a_child("what_ended_threads_did_counts_and_others_may_free_it", || {
        let mut blocks = Vec::with_capacity(1500);
        let threads = Vec::from_iter(
            (0..5).map(|_| thread::spawn(|| Vec::from_iter((0..301).map(|_| take(1000))))),
        );
        for thread in threads {
            blocks.extend(thread.join().expect("the thread ends"));
        }
        let counters = only(1505);
        assert_eq!((counters.bytes, counters.live_blocks), (1_505_000, 1505));
        assert_eq!((counters.live_bytes, counters.short_lived), (1_505_000, 0));
        let bound = 6 * STEP as u64;
        assert!(counters.peak_bytes.abs_diff(1_505_000) < bound, "{counters:?}");
        blocks.into_iter().for_each(|block| give(block, 1000));
        let counters = only(1505);
        assert_eq!((counters.live_blocks, counters.live_bytes), (0, 0));
        assert!(counters.peak_bytes.abs_diff(1_505_000) < bound, "{counters:?}");
    });
}

/// Allocates under one of 2^depth stacks.
#[inline(never)]
fn below(path: u32, depth: u32) -> usize {
    if depth == 0 {
        return take(4001);
    }
    if path & 1 == 0 {
        black_box(0);
        black_box(below(path >> 1, depth - 1))
    } else {
        black_box(1);
        black_box(below(path >> 1, depth - 1))
    }
}

#[test]
fn more_call_sites_than_a_thread_remembers_lose_nothing() {
    in_a_child("more_call_sites_than_a_thread_remembers_lose_nothing", || {
        const DEPTH: u32 = 12;
        const ROUNDS: usize = 13;
        for round in 0..ROUNDS {
            for path in 0..1 << DEPTH {
                let block = below(path, DEPTH);
                if round != 0 {
                    give(block, 4001);
                }
            }
        }
        let (count, last) = with_allocations(ROUNDS as u64);
        assert!(count >= 1 << DEPTH, "{count} call sites");
        let (mut exact, mut sites) = (0, 0);
        counters::visit(&mut |_, site| {
            if site.bytes == 4001 * ROUNDS as u64 {
                sites += 1;
                exact += u32::from(
                    site.allocations == ROUNDS as u64
                        && site.live_blocks == 1
                        && site.live_bytes == 4001
                        && site.peak_bytes == 2 * 4001
                        && site.short_lived == ROUNDS as u64 - 1,
                );
            }
        });
        assert_eq!((sites, exact), (1 << DEPTH, 1 << DEPTH), "such as {last:?}");
    });
}

#[test]
fn resizing_in_place_moves_the_live_bytes() {
    in_a_child("resizing_in_place_moves_the_live_bytes", || {
        for _ in 0..1907 {
            let mut block = take(100) as *mut u8;
            for (from, to) in [(100, 103), (103, 90), (90, 101)] {
                // SAFETY: a live block of that size.
                let resized =
                    unsafe { realloc(block, Layout::from_size_align_unchecked(from, 8), to) };
                assert_eq!(block, resized, "there is room: it stays");
                block = resized;
            }
        }
        let counters = only(1907);
        assert_eq!((counters.live_blocks, counters.live_bytes), (1907, 1907 * 101));
        assert_eq!(counters.bytes, 1907 * (103 + 11));
        assert_eq!(counters.peak_bytes, 1906 * 101 + 103);
    });
}
