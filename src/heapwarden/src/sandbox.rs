//! Whether the program went into a sandbox: a filter that it put on its own system calls.
//!
//! Such a filter may end the process at the first call that it does not expect. From then on what can
//! be done without is done without: files are not opened for names of functions, nor to learn what
//! the program mapped. Known is only what libc's `prctl` is asked for.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

static ENTERED: AtomicBool = AtomicBool::new(false);

/// The program has put a filter on its system calls.
pub fn enter() {
    ENTERED.store(true, Relaxed);
}

/// Whether it has. Children that it forks have it too.
pub fn is_entered() -> bool {
    ENTERED.load(Relaxed)
}
