//! Slots for a layer above, which knows the class of each: no lookup on the way back.

use super::allocate::allocate_slot;
use super::check_fork;
use super::free::free_slot;
use crate::slabs::size_class::CLASSES;
use crate::thread::cache::Cache;
use crate::thread::{self, tls};

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
