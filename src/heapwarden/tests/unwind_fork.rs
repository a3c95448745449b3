//! Forks while other threads learn rules and enter call sites: the child must neither hang nor find
//! wrong stacks. A process of its own, as its threads never rest.

use heapwarden::callsite::{self, CallSite};
use heapwarden::unwind;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

/// The call site at the end of a path: one of two calls at each of `levels` levels.
fn along(path: u64, levels: u32) -> CallSite {
    step(path, levels, 1 + levels as usize)
}

#[inline(never)]
fn step(path: u64, levels: u32, depth: usize) -> CallSite {
    let site = if levels == 0 {
        // Only the frames of this function.
        callsite::here(depth)
    } else if path & 1 == 0 {
        // Different before and after, so that the compiler makes two calls of them.
        black_box(0);
        let site = step(path >> 1, levels - 1, depth);
        black_box(1);
        site
    } else {
        black_box(2);
        let site = step(path >> 1, levels - 1, depth);
        black_box(3);
        site
    };
    black_box(site)
}

/// Whether a call site has these frames.
fn is(site: CallSite, frames: &[usize]) -> bool {
    callsite::frames(site).iter().eq(frames.iter().copied())
}

fn child_is_well(round: u64, known: CallSite, frames: &[usize]) -> bool {
    // What was known before is known, from the same place; what is new gets a number.
    let again = along(5, 12);
    let mut right = is(known, frames) && is(again, frames);
    for path in 0..50 {
        let path = round << 20 | path << 8 | 1 << 40;
        let site = along(path, 45);
        right &= callsite::frames(site).len() == 46 && along(path, 45) == site;
    }
    let inside = thread::spawn(|| {
        let mut frames = [0; 8];
        unwind::capture(&mut frames) > 2 && callsite::here(8) != CallSite::UNKNOWN
    });
    right && inside.join().unwrap_or(false)
}

#[test]
fn children_of_a_busy_process() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let busy: Vec<_> = (1..5u64)
        .map(|number| {
            thread::spawn(move || {
                let mut path = number << 40;
                while !STOP.load(Relaxed) {
                    along(path, 44);
                    // New ones for a while, so that they enter them, then the old ones again.
                    path = path & !0xfff | (path + 1) & 0xfff;
                }
            })
        })
        .collect();
    let known = along(5, 12);
    let frames = Vec::from_iter(callsite::frames(known).iter());
    for round in 0..100 {
        // SAFETY: the child runs only this library and threads of its own, and leaves with _exit.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: ends the child if it hangs; plain system calls.
            unsafe {
                libc::alarm(30);
                libc::_exit(if child_is_well(round, known, &frames) { 0 } else { 1 });
            }
        }
        assert!(child > 0);
        let mut status = 0;
        // SAFETY: waits for the child made above.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0, "in round {round}: status {status:#x} (14: it hung)");
    }
    STOP.store(true, Relaxed);
    for thread in busy {
        thread.join().expect("it stops");
    }
    assert_eq!(along(5, 12), known);
    assert!(callsite::count() > 100);
}
