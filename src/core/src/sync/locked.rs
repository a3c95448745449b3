//! A value that only one thread at a time reaches, and that a forked child can start anew.

use super::RawMutex;
use core::cell::UnsafeCell;

/// A value behind a [`RawMutex`].
pub(crate) struct Locked<T> {
    lock: RawMutex,
    value: UnsafeCell<T>,
}

// SAFETY: the value is only reached through `with` and `restart`, under the lock or alone.
unsafe impl<T> Sync for Locked<T> {}

impl<T> Locked<T> {
    pub const fn new(value: T) -> Self {
        Self { lock: RawMutex::new(), value: UnsafeCell::new(value) }
    }

    /// Runs `action` on the value under the lock. `action` must lock nothing, but for the holding of
    /// the whole heap (`crate::hold`), which has an order of its own.
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
