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

use crate::sync::{AtomicU32, Ordering, futex_wait, futex_wake, spin_loop};

const FREE: u32 = 0;
const HELD: u32 = 1;
const CONTENDED: u32 = 2;

/// Rounds of spinning before a waiter sleeps.
const SPINS: u32 = if cfg!(loom) { 1 } else { 100 };

/// The lock word.
pub struct RawMutex {
    state: AtomicU32,
}

impl RawMutex {
    /// A free lock.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self { state: AtomicU32::new(FREE) }
    }

    /// A free lock.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self { state: AtomicU32::new(FREE) }
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

/// A value behind a [`RawMutex`].
#[cfg(not(loom))]
pub(crate) struct Locked<T> {
    lock: RawMutex,
    value: core::cell::UnsafeCell<T>,
}

// SAFETY: the value is only reached through `with` and `restart`, under the lock or alone.
#[cfg(not(loom))]
unsafe impl<T> Sync for Locked<T> {}

#[cfg(not(loom))]
impl<T> Locked<T> {
    pub const fn new(value: T) -> Self {
        Self { lock: RawMutex::new(), value: core::cell::UnsafeCell::new(value) }
    }

    /// Runs `action` on the value under the lock. `action` must not lock anything else.
    pub fn with<R>(&self, action: impl FnOnce(&mut T) -> R) -> R {
        self.lock.lock();
        // SAFETY: the lock is held, so this is the only reference.
        let result = action(unsafe { &mut *self.value.get() });
        self.lock.unlock();
        result
    }

    /// In a forked child: if a thread of the parent was inside, puts `fresh` in the torn value's
    /// place, which leaks what that held.
    ///
    /// # Safety
    /// Only the repairing thread of a child runs.
    pub unsafe fn restart(&self, fresh: T) {
        if self.lock.is_held() {
            // SAFETY: no other thread exists that could hold a reference; `write` does not read
            // the torn value.
            unsafe { self.value.get().write(fresh) };
            // SAFETY: the holder does not exist and the value is fresh.
            unsafe { self.lock.reset() };
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::RawMutex;
    use loom::{cell::UnsafeCell, sync::Arc, thread};

    struct Counter {
        lock: RawMutex,
        value: UnsafeCell<u32>,
    }

    // SAFETY: the test reaches the value only under the lock; loom checks just that.
    unsafe impl Sync for Counter {}

    /// Goal: the holder is alone, sees what the last holder wrote, and no sleeper is forgotten.
    /// Method: loom explores the interleavings of four lockers, one of which only tries.
    #[test]
    fn loom_lock_excludes_and_publishes() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let counter = Arc::new(Counter { lock: RawMutex::new(), value: UnsafeCell::new(0) });
            let others: Vec<_> = (0..3)
                .map(|index| {
                    let counter = Arc::clone(&counter);
                    thread::spawn(move || {
                        if index < 2 {
                            counter.lock.lock();
                        } else if !counter.lock.try_lock() {
                            return 0;
                        }
                        // SAFETY: the lock is held.
                        counter.value.with_mut(|value| unsafe { *value += 1 });
                        counter.lock.unlock();
                        1
                    })
                })
                .collect();
            counter.lock.lock();
            // SAFETY: the lock is held.
            counter.value.with_mut(|value| unsafe { *value += 1 });
            counter.lock.unlock();
            let added: u32 = others.into_iter().map(|other| other.join().unwrap()).sum();
            counter.lock.lock();
            // SAFETY: the lock is held.
            assert_eq!(counter.value.with(|value| unsafe { *value }), added + 1);
            counter.lock.unlock();
        });
    }
}
