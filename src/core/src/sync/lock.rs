//! A mutex in one word: const, without allocation, and resettable in a forked child.
//!
//! | state       | meaning                                                  |
//! |-------------|----------------------------------------------------------|
//! | `FREE`      | nobody holds it; the unlocker wrote this                 |
//! | `HELD`      | held, nobody sleeps; an uncontended locker wrote this    |
//! | `CONTENDED` | held, somebody may sleep; only a waiter writes this      |
//!
//! Cost: one compare-exchange to lock, one exchange to unlock; waiters spin shortly (critical
//! sections are some hundred instructions), then sleep on the futex.

use super::atomic::{AtomicU32, Ordering, SPINS, constructor, futex_wait, futex_wake, spin_loop};

const FREE: u32 = 0;
const HELD: u32 = 1;
const CONTENDED: u32 = 2;

/// The lock word.
pub struct RawMutex {
    state: AtomicU32,
}

impl RawMutex {
    constructor! {
        /// A free lock.
        pub fn new() -> Self {
            Self { state: AtomicU32::new(FREE) }
        }
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> bool {
        // Acquire: pairs with the Release in `unlock`, so that the last holder's writes are seen.
        self.state.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Takes the lock, waiting as long as it takes.
    #[inline]
    pub fn lock(&self) {
        if !self.try_lock() {
            self.lock_slow();
        }
    }

    #[cold]
    fn lock_slow(&self) {
        for _ in 0..SPINS {
            if self.state.load(Ordering::Relaxed) == FREE && self.try_lock() {
                return;
            }
            spin_loop();
        }
        // From here on the lock is taken as CONTENDED: there may be other sleepers.
        // Acquire: pairs with the Release in `unlock`.
        while self.state.swap(CONTENDED, Ordering::Acquire) != FREE {
            futex_wait(&self.state, CONTENDED);
        }
    }

    /// Lets the lock go. Only the thread that took it may call this.
    #[inline]
    pub fn unlock(&self) {
        // Release: pairs with the Acquire of the next holder.
        if self.state.swap(FREE, Ordering::Release) == CONTENDED {
            futex_wake(&self.state, 1);
        }
    }

    /// Whether somebody holds it right now. In a forked child, before threads are started, this
    /// says whether a thread of the parent was inside at the fork.
    pub fn is_held(&self) -> bool {
        self.state.load(Ordering::Relaxed) != FREE
    }

    /// Makes the lock free whoever held it.
    ///
    /// # Safety
    /// The holder does not exist (a forked child), and what the lock protects was made whole.
    pub unsafe fn reset(&self) {
        self.state.store(FREE, Ordering::Relaxed);
    }
}

impl Default for RawMutex {
    fn default() -> Self {
        Self::new()
    }
}
