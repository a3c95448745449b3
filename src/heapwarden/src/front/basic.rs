//! malloc, calloc, realloc, free, malloc_usable_size.

use super::behind;
use super::errno::{no_memory, no_memory_if_null};
use super::misuse::{self, Entry};
use crate::checked::{self, Release, quick};
use crate::chunk::Family;
use crate::detect;
use core::ffi::c_void;
use core::ptr::null_mut;

/// The largest request: more could not be indexed by a ptrdiff_t.
pub(super) const SIZE_MAX: usize = isize::MAX as usize;

/// How `free` gives blocks back.
pub(super) const FREE: Release =
    Release { family: Family::Malloc, what: "free", size: None, alignment: None };

/// A block of at least `size` bytes, 16-aligned; also for size 0.
#[inline(always)]
pub fn malloc(size: usize) -> *mut c_void {
    let block = malloc_cached(size);
    if block.is_null() {
        return malloc_slow(size);
    }
    block
}

/// A block if the thread's cache has one; null means that `malloc` is to be asked.
#[inline(always)]
pub fn malloc_cached(size: usize) -> *mut c_void {
    heapwarden_core::allocate_fast(size).cast()
}

/// The thread's first request, an empty cache, a large size or no memory.
#[cold]
#[inline(never)]
fn malloc_slow(size: usize) -> *mut c_void {
    let block = quick::allocate(size, Family::Malloc);
    if block.is_null() {
        // SAFETY: takes any size.
        return unsafe { behind::malloc(size) };
    }
    block.cast()
}

/// A zeroed block for `count` elements of `size` bytes.
#[inline]
pub fn calloc(count: usize, size: usize) -> *mut c_void {
    match count.checked_mul(size) {
        Some(total @ ..=SIZE_MAX) => {
            let block = quick::allocate_zeroed(total, Family::Malloc);
            if !block.is_null() {
                return block.cast();
            }
            // SAFETY: takes any size.
            unsafe { behind::calloc(total) }
        }
        _ => no_memory(),
    }
}

/// Resizes a block; without one allocates, to size 0 frees.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards unless null is returned for a size
/// other than 0.
#[inline]
pub unsafe fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    if block.is_null() {
        return malloc(size);
    }
    if size == 0 {
        // SAFETY: promised by the caller.
        unsafe { free(block) };
        return null_mut();
    }
    if size > SIZE_MAX {
        return no_memory();
    }
    if checked::settings().active && !detect::is_foreign(block.addr()) {
        // SAFETY: promised by the caller; what is no live block is reported.
        return unsafe { behind::realloc(block, size) };
    }
    // SAFETY: promised by the caller; the core itself tells apart what is not a live block.
    match unsafe { heapwarden_core::reallocate(block.cast(), size) } {
        Ok(moved) => no_memory_if_null(moved),
        // SAFETY: as above.
        Err(found) => unsafe { misuse::realloc(found, block, size) },
    }
}

/// Gives a block back; nothing happens to null. errno stays as it is.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[inline(always)]
pub unsafe fn free(block: *mut c_void) {
    // SAFETY: promised by the caller; the core itself tells apart what is not a live block.
    if !unsafe { heapwarden_core::free_fast(block.cast()) } {
        // SAFETY: as above.
        unsafe { free_slow(block) };
    }
}

/// Null, a full cache, a block that is not small, or one that is not ours; or a profile that checks.
#[cold]
#[inline(never)]
unsafe fn free_slow(block: *mut c_void) {
    // SAFETY: promised by the caller of `free`.
    unsafe {
        if !quick::free(block.cast(), &FREE) {
            behind::free(block.cast());
        }
    }
}

/// How many bytes of a block may be used; 0 for null.
///
/// # Safety
/// `block` is null or a live block.
pub unsafe fn usable_size(block: *mut c_void) -> usize {
    if block.is_null() {
        return 0;
    }
    if checked::settings().active && !detect::is_foreign(block.addr()) {
        return checked::size_of(block.cast());
    }
    match heapwarden_core::usable_size(block.cast()) {
        Some(size) => size,
        None if heapwarden_core::locate(block.addr()).is_some() => {
            misuse::refuse(Entry::UsableSize, block)
        }
        // SAFETY: promised by the caller; the block came from another allocator.
        None => unsafe { super::foreign::usable_size(block) },
    }
}
