//! The end of a process that is fuzzed: the function that the fuzzer wants called before it.

use super::iteration;
use core::mem::transmute;
use core::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{AcqRel, Relaxed, Release},
};

/// What is called before a report ends the process.
pub type Callback = extern "C-unwind" fn();

/// The callback's address; 0 for none, and once it was called.
static CALLBACK: AtomicUsize = AtomicUsize::new(0);
/// Whether there ever was one.
static HAS_CALLBACK: AtomicBool = AtomicBool::new(false);
/// Whether the end has begun.
static CRASHED: AtomicBool = AtomicBool::new(false);

/// Sets the function that is called, once, before a report ends the process.
pub fn set_death_callback(callback: Option<Callback>) {
    let address = callback.map_or(0, |callback| callback as usize);
    HAS_CALLBACK.store(address != 0, Relaxed);
    // Release: pairs with the AcqRel in `last_call`: what the callback needs is seen.
    CALLBACK.store(address, Release);
}

/// Whether a fuzzer runs this process: it has set a death callback, or handed over an input.
pub fn is_fuzzed() -> bool {
    HAS_CALLBACK.load(Relaxed) || iteration::has_begun()
}

/// Whether the fuzzer will know of the end by a signal only: it hands over inputs and has set its death
/// callback elsewhere, as with the runtime that clang links to libFuzzer.
pub(crate) fn wants_signal() -> bool {
    !HAS_CALLBACK.load(Relaxed) && iteration::has_begun()
}

/// True for the first who asks: only that one may report a crash and write the input.
pub fn acquire_crash_state() -> bool {
    !CRASHED.swap(true, AcqRel)
}

/// Whether somebody has reported a crash.
pub(crate) fn was_crash() -> bool {
    CRASHED.load(Relaxed)
}

/// A report is about to end the process. The caller holds no lock.
pub(crate) fn last_call() {
    CRASHED.store(true, Relaxed);
    let address = CALLBACK.swap(0, AcqRel);
    if address != 0 {
        // SAFETY: what `set_death_callback` was given.
        let callback = unsafe { transmute::<usize, Callback>(address) };
        callback();
    }
}
