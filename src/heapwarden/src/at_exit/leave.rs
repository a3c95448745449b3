//! `_exit`: the end of a process without handlers.
//!
//! It is called in places where nothing may be done any more: in the child of `vfork`, which has its
//! parent's memory; in a signal handler that interrupted the heap and its locks. What runs at the end
//! of other processes runs here only where neither is the case.

use super::{INSTALLED, last_words};
use crate::{checked, fuzz, inside, report, scan, unwind};
use core::ffi::c_int;
use core::sync::atomic::Ordering::Relaxed;

/// Says the last words where that is safe, and ends the process.
#[inline(never)]
pub fn leave(status: c_int) -> ! {
    let other = if is_safe() { last_words() } else { None };
    report::end_process(other.unwrap_or(status))
}

/// Whether this thread is where it may take the heap's locks. That takes a stack: where none are kept
/// nothing is ready for the first one, which a sandbox may forbid, and there are no leaks to tell.
fn is_safe() -> bool {
    INSTALLED.load(Relaxed)
        // libFuzzer ends this way when it has said everything.
        && !fuzz::is_fuzzed()
        && checked::settings().evidence
        && !scan::process::shares_memory()
        && !inside::is_inside()
        && !report::is_reporting()
        && !is_within_library()
}

/// Whether this call comes from a handler that interrupted the library.
fn is_within_library() -> bool {
    const FRAMES_MAX: usize = 128;
    let mut frames = [0; FRAMES_MAX];
    // The library's innermost frames, those of this call, are left out.
    let count = unwind::capture(&mut frames);
    let own = unwind::own_code();
    count == 0 || frames[..count].iter().any(|frame| own.contains(frame))
}
