//! Whether the program went into a sandbox: a filter that it put on its own system calls.
//!
//! Such a filter may end the process at the first call that it does not expect. From then on what can
//! be done without is done without: files are not opened for names of functions, nor to learn what
//! the program mapped, and pages are not moved. Known is only what libc's `prctl` is asked for.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use heapwarden_core::os::page_move;

static ENTERED: AtomicBool = AtomicBool::new(false);
static UNNOTICED: AtomicBool = AtomicBool::new(false);

/// The program is about to give up privileges, or to put a filter on its system calls: who does the one
/// nearly always does the other next, in whatever way.
pub fn prepare() {
    page_move::stop();
}

/// The program has put a filter on its system calls.
pub fn enter() {
    ENTERED.store(true, Relaxed);
}

/// Whether it has. Children that it forks have it too.
pub fn is_entered() -> bool {
    ENTERED.load(Relaxed)
}

/// Nobody tells of `prctl` in this process.
pub fn go_unnoticed() {
    UNNOTICED.store(true, Relaxed);
}

/// Whether a sandbox would be noticed.
pub fn is_noticed() -> bool {
    !UNNOTICED.load(Relaxed)
}
