//! malloc, calloc, realloc, free, malloc_usable_size.

use super::caller::{ReturnAt, jump_with_caller};
use super::errno::{no_memory, no_memory_if_null};
use super::misuse::{self, Entry};
use crate::checked::quick::{self, recorded};
use crate::checked::{self, Release};
use crate::chunk::{ALIGNMENT, Family};
use crate::unwind::Registers;
use crate::{detect, door, start};
use core::ffi::c_void;
use core::ptr::null_mut;

/// The largest request: more could not be indexed by a ptrdiff_t.
pub(super) const SIZE_MAX: usize = isize::MAX as usize;

/// How `free` and `realloc` give blocks back.
pub(super) const FREE: Release =
    Release { family: Family::Malloc, what: "free", size: None, alignment: None };
const REALLOC: Release = Release { what: "realloc", ..FREE };

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
        return unsafe { malloc_behind(size) };
    }
    block.cast()
}

jump_with_caller! {
    fn malloc_behind(size: usize) -> *mut c_void => malloc_for, "rsi", "rdx"
}

/// # Safety
/// Jumped to with the caller's frame.
unsafe extern "C-unwind" fn malloc_for(
    size: usize,
    at: ReturnAt,
    frame_pointer: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe {
        let caller = at.caller(frame_pointer);
        let block = recorded::allocate(size, Family::Malloc, false, &caller);
        if !block.is_null() {
            return block.cast();
        }
        malloc_general(size, &caller)
    }
}

/// # Safety
/// `caller` is a frame of this thread that does not end before this returns.
#[cold]
#[inline(never)]
unsafe fn malloc_general(size: usize, caller: &Registers) -> *mut c_void {
    if size > SIZE_MAX {
        return no_memory();
    }
    start::ensure();
    if checked::settings().active {
        // SAFETY: the caller's promise.
        let block = unsafe {
            door::through(caller, || checked::allocate(size, ALIGNMENT, Family::Malloc, false))
        };
        return no_memory_if_null(block);
    }
    no_memory_if_null(heapwarden_core::allocate_slow(size))
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
            unsafe { calloc_behind(total) }
        }
        _ => no_memory(),
    }
}

jump_with_caller! {
    fn calloc_behind(size: usize) -> *mut c_void => calloc_for, "rsi", "rdx"
}

/// # Safety
/// Jumped to with the caller's frame.
unsafe extern "C-unwind" fn calloc_for(
    size: usize,
    at: ReturnAt,
    frame_pointer: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe {
        let caller = at.caller(frame_pointer);
        let block = recorded::allocate(size, Family::Malloc, true, &caller);
        if !block.is_null() {
            return block.cast();
        }
        start::ensure();
        if checked::settings().active {
            let block =
                door::through(&caller, || checked::allocate(size, ALIGNMENT, Family::Malloc, true));
            return no_memory_if_null(block);
        }
        no_memory_if_null(heapwarden_core::allocate_zeroed(size))
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
        return unsafe { realloc_behind(block, size) };
    }
    // SAFETY: promised by the caller; the core itself tells apart what is not a live block.
    match unsafe { heapwarden_core::reallocate(block.cast(), size) } {
        Ok(moved) => no_memory_if_null(moved),
        // SAFETY: as above.
        Err(found) => unsafe { misuse::realloc(found, block, size) },
    }
}

jump_with_caller! {
    fn realloc_behind(block: *mut c_void, size: usize) -> *mut c_void => realloc_for, "rdx", "rcx"
}

/// # Safety
/// As for [`realloc`], with neither 0, and jumped to with the caller's frame.
unsafe extern "C-unwind" fn realloc_for(
    block: *mut c_void,
    size: usize,
    at: ReturnAt,
    frame_pointer: usize,
) -> *mut c_void {
    // SAFETY: the caller's promises.
    unsafe {
        let caller = at.caller(frame_pointer);
        let moved = door::through(&caller, || checked::reallocate(block.cast(), size, &REALLOC));
        no_memory_if_null(moved)
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
            free_behind(block.cast());
        }
    }
}

jump_with_caller! {
    fn free_behind(block: *mut u8) -> () => free_for, "rsi", "rdx"
}

/// # Safety
/// As for [`free`], and jumped to with the caller's frame.
unsafe extern "C-unwind" fn free_for(block: *mut u8, at: ReturnAt, frame_pointer: usize) {
    // SAFETY: the caller's promises.
    unsafe { release_for(block, &FREE, at, frame_pointer) }
}

/// Gives a block back when there is no way as short as `harden`'s.
///
/// # Safety
/// As for [`free`], for a function that was jumped to with the caller's frame.
#[inline(always)]
pub(super) unsafe fn release_for(
    block: *mut u8,
    release: &Release,
    at: ReturnAt,
    frame_pointer: usize,
) {
    // SAFETY: the caller's promises.
    unsafe {
        if !recorded::free(block, release) {
            release_general(block, release, &at.caller(frame_pointer));
        }
    }
}

/// Gives a block back when there is no short way.
///
/// # Safety
/// As for [`free`], and `caller` is a frame of this thread that does not end before this returns.
#[cold]
#[inline(never)]
unsafe fn release_general(block: *mut u8, release: &Release, caller: &Registers) {
    if block.is_null() {
        return;
    }
    if checked::settings().active {
        // SAFETY: the caller's promises; what is no live block is reported.
        return unsafe { door::through(caller, || checked::free(block, release)) };
    }
    // SAFETY: the caller's promise.
    if let Err(found) = unsafe { heapwarden_core::free_slow(block) } {
        // SAFETY: as above.
        unsafe { misuse::free(found, block.cast()) };
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
