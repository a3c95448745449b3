//! The handler for faults in a Rust program. In the preload library the constructor installs it; here
//! there is none, and std has handlers of its own, for stacks that overflow.
//!
//! std installs them at the start of the program, if it finds none, in the midst of its first few requests.
//! So ours is put in front of them as soon as they are there, and hands on to them what is not a bug of the
//! heap. Where none appears (a program with `main` in C, or one that ignores these signals), ours comes after
//! some more requests. Nobody stands in front of `sigaction` here: who sets a handler later replaces ours, and
//! is expected to call the one that it found.
//! Cost: a load per allocation; until the handler is in place a system call.

use crate::{fault, start};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// More requests than std makes before it has installed its handlers.
const FIRST_REQUESTS: u32 = 64;

static SETTLED: AtomicBool = AtomicBool::new(false);
static REQUESTS: AtomicU32 = AtomicU32::new(0);

/// Installs the handler when it is time, once. Called for each block. A fuzz target has its own time for
/// that, before the first input, when the fuzzer has set its handlers.
#[inline(always)]
pub fn settle() {
    if !cfg!(feature = "fuzz") && !SETTLED.load(Relaxed) {
        look();
    }
}

#[cold]
#[inline(never)]
fn look() {
    let wanted = start::options().handle_segv;
    let is_early = REQUESTS.fetch_add(1, Relaxed) < FIRST_REQUESTS;
    if wanted && is_early && !fault::is_handled() {
        return;
    }
    if !SETTLED.swap(true, Relaxed) && wanted {
        fault::install();
    }
}
