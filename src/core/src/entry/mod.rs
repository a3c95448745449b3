//! The ways in: [`allocate`], [`special`] requests (zeroed, aligned), [`free`], and [`layer`], slots
//! for a layer above.
//!
//! The fast halves are inlined into the front doors: a class lookup and a push or pop on the
//! thread's cache. They give up (null, false) for whatever is not that simple; the slow halves
//! do everything, in tail position of a cold call.

mod allocate;
mod free;
mod layer;
mod special;

pub use allocate::{allocate, allocate_fast, allocate_slow};
pub use free::{free, free_fast, free_slow, note_handed_on};
pub use layer::{Stacks, allocate_class, free_class};
pub use special::{allocate_aligned, allocate_pages, allocate_zeroed};

use crate::arena::{arenas, batch};
use crate::os::fork;
use crate::pages::heap;
use crate::{direct, private_heap, thread};

/// Looks whether this is a forked child; see `os::fork`.
#[inline]
pub fn check_fork() {
    fork::check(repair_after_fork);
}

fn repair_after_fork() {
    // SAFETY: `fork::check` runs this once per child, on one thread, the others waiting.
    unsafe {
        private_heap::repair_after_fork();
        arenas::repair_after_fork();
        heap::repair_after_fork();
        direct::repair_after_fork();
        batch::repair_after_fork();
        thread::repair_after_fork();
    }
    if let Some(child) = crate::config::config().hooks.child {
        child();
    }
}
