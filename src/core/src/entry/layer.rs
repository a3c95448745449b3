//! Slots for a layer above, which knows the class of each: no lookup on the way back.

use super::allocate::allocate_slot;
use super::check_fork;
use super::free::free_slot;
use crate::slabs::size_class::CLASSES;
use crate::thread::cache::Cache;
use crate::thread::{self, tls};

/// The calling thread's stacks of slots, for a layer above that keeps them at hand while the thread
/// has its cache: until the layer's hook `thread_end` was called.
#[derive(Clone, Copy)]
pub struct Stacks(*mut Cache);

impl Stacks {
    /// Those of the calling thread; `None` when it has ended or there is no memory.
    pub fn of_this_thread() -> Option<Self> {
        let cache = thread::cache();
        (!cache.is_null()).then_some(Self(cache))
    }

    /// Takes a slot of `class`; null when there is none at hand, and [`allocate_class`] is to be
    /// asked.
    ///
    /// # Safety
    /// The stacks are the calling thread's, and `class` is one.
    #[inline(always)]
    pub unsafe fn take(self, class: usize) -> *mut u8 {
        debug_assert!(class > 0 && class < CLASSES);
        // SAFETY: the caller's promise.
        unsafe { Cache::pop(self.0, class) }
    }

    /// Undoes the last [`take`](Self::take): nothing was done with the slot.
    ///
    /// # Safety
    /// The slot was just taken, as `class`.
    #[inline(always)]
    pub unsafe fn untake(self, class: usize, slot: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe { Cache::unpop(self.0, class, slot) }
    }

    /// Puts a slot of `class` back; false when there is no room, and [`free_class`] is to be asked.
    ///
    /// # Safety
    /// As for [`take`](Self::take) and [`free_class`].
    #[inline(always)]
    pub unsafe fn put(self, class: usize, slot: *mut u8) -> bool {
        // SAFETY: the caller's promise.
        unsafe { Cache::push(self.0, class, slot) }
    }
}

/// A slot of `class` for a layer above; null when there is no memory.
#[inline(always)]
pub fn allocate_class(class: usize) -> *mut u8 {
    debug_assert!(class > 0 && class < CLASSES);
    // SAFETY: the thread block and its cache are this thread's.
    unsafe {
        let cache = (*tls::block()).cache;
        if !cache.is_null() {
            let slot = Cache::pop(cache, class);
            if !slot.is_null() {
                return slot;
            }
        }
    }
    allocate_class_slow(class)
}

#[cold]
fn allocate_class_slow(class: usize) -> *mut u8 {
    check_fork();
    allocate_slot(class)
}

/// Takes back a slot of `class` from a layer above.
///
/// # Safety
/// `slot` is a slot of this class that was handed out, and nobody uses it any more.
#[inline(always)]
pub unsafe fn free_class(class: usize, slot: *mut u8) {
    // SAFETY: the thread block and its cache are this thread's; the rest is the caller's promise.
    unsafe {
        let cache = (*tls::block()).cache;
        if cache.is_null() || !Cache::push(cache, class, slot) {
            free_class_slow(class, slot);
        }
    }
}

#[cold]
unsafe fn free_class_slow(class: usize, slot: *mut u8) {
    check_fork();
    // SAFETY: the caller's promise.
    unsafe { free_slot(thread::cache(), class, slot) };
}
