//! The malloc family of C.

use core::ffi::{c_int, c_void};
use heapwarden::checked::Release;
use heapwarden::chunk::Family;
use heapwarden::front;

static FREE_SIZED: Release =
    Release { family: Family::Malloc, what: "free_sized", size: None, alignment: None };
static FREE_ALIGNED_SIZED: Release =
    Release { family: Family::Malloc, what: "free_aligned_sized", size: None, alignment: None };

/// See malloc(3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn malloc(size: usize) -> *mut c_void {
    front::malloc(size)
}

/// See malloc(3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn calloc(count: usize, size: usize) -> *mut c_void {
    front::calloc(count, size)
}

/// See malloc(3).
///
/// # Safety
/// `block` is null or a live block, and not used afterwards unless null is returned.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: promised by the caller.
    unsafe { front::realloc(block, size) }
}

/// See malloc(3).
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn free(block: *mut c_void) {
    // SAFETY: promised by the caller.
    unsafe { front::free(block) }
}

/// An old name of `free`; glibc removed it in 2.26, old programs still call it.
///
/// # Safety
/// As for `free`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cfree(block: *mut c_void) {
    // SAFETY: promised by the caller.
    unsafe { front::free(block) }
}

/// C23: `free` by a caller who knows the size.
///
/// # Safety
/// As for `free`, and `size` is the one the block was asked for with.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn free_sized(block: *mut c_void, size: usize) {
    // SAFETY: promised by the caller.
    unsafe { front::delete(block, Some(size), None, &FREE_SIZED) }
}

/// C23: `free` by a caller who knows the alignment and the size.
///
/// # Safety
/// As for `free`, and the block was asked for with this alignment and size.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn free_aligned_sized(
    block: *mut c_void,
    alignment: usize,
    size: usize,
) {
    // What is no power of two can be no block's alignment; free says so for the address.
    let alignment = alignment.is_power_of_two().then_some(alignment);
    // SAFETY: promised by the caller.
    unsafe { front::delete(block, Some(size), alignment, &FREE_ALIGNED_SIZED) }
}

/// See posix_memalign(3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    front::memalign(alignment, size)
}

/// See posix_memalign(3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    front::aligned_alloc(alignment, size)
}

/// See posix_memalign(3).
///
/// # Safety
/// `result` may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn posix_memalign(
    result: *mut *mut c_void,
    alignment: usize,
    size: usize,
) -> c_int {
    // SAFETY: promised by the caller.
    unsafe { front::posix_memalign(result, alignment, size) }
}

/// See posix_memalign(3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn valloc(size: usize) -> *mut c_void {
    front::valloc(size)
}

/// See posix_memalign(3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn pvalloc(size: usize) -> *mut c_void {
    front::pvalloc(size)
}

/// See malloc_usable_size(3).
///
/// # Safety
/// `block` is null or a live block.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn malloc_usable_size(block: *mut c_void) -> usize {
    // SAFETY: promised by the caller.
    unsafe { front::usable_size(block) }
}
