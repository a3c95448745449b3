//! Loom's parts in the place of `src/sync/atomic.rs`.

pub use loom::hint::spin_loop;
pub use loom::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// One round is enough to model that a waiter may find the lock free before it sleeps.
pub const SPINS: u32 = 1;

/// A constructor; loom's atomics have no const ones.
macro_rules! constructor {
    ($(#[$about:meta])* pub fn $name:ident() -> Self $body:block) => {
        $(#[$about])*
        pub fn $name() -> Self $body
    };
}
pub(super) use constructor;

loom::lazy_static! {
    /// The kernel's queue of sleepers in the model; the models use one futex word each.
    static ref SLEEPERS: (loom::sync::Mutex<()>, loom::sync::Condvar) =
        (loom::sync::Mutex::new(()), loom::sync::Condvar::new());
}

/// The model of a futex wait: looking at the word and falling asleep is one step, and without a
/// wake it never returns, so that a lost one is a deadlock that loom finds.
pub fn futex_wait(word: &AtomicU32, expected: u32) {
    let queue = SLEEPERS.0.lock().unwrap();
    // A read-modify-write reads the latest value, as the kernel does.
    if word.fetch_or(0, Ordering::SeqCst) == expected {
        drop(SLEEPERS.1.wait(queue).unwrap());
    }
}

/// The model of a wake.
pub fn futex_wake(_word: &AtomicU32, count: u32) {
    let _queue = SLEEPERS.0.lock().unwrap();
    if count == 1 { SLEEPERS.1.notify_one() } else { SLEEPERS.1.notify_all() }
}
