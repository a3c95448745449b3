//! The atomics and the waiting that [`crate::lock`] and [`crate::handover`] are built on: the
//! real ones, or loom's when the two are model-checked.

#[cfg(not(loom))]
pub use crate::os::{futex_wait, futex_wake};
#[cfg(not(loom))]
pub use core::hint::spin_loop;
#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

#[cfg(loom)]
pub use loom::hint::spin_loop;
#[cfg(loom)]
pub use loom::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// The model of a futex wait: it may always return early, and yielding lets the model run the
/// others until the word changes.
#[cfg(loom)]
pub fn futex_wait(word: &AtomicU32, expected: u32) {
    if word.load(Ordering::SeqCst) == expected {
        loom::thread::yield_now();
    }
}

/// The model of a wake: waiters poll, so there is nothing to do.
#[cfg(loom)]
pub fn futex_wake(_word: &AtomicU32, _count: u32) {}
