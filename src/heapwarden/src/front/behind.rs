//! What stands behind the shortest ways of malloc, calloc, realloc and free: jumped to with the caller's
//! frame, for the profiles that want its stack.

use super::basic::{FREE, SIZE_MAX};
use super::caller::{ReturnAt, jump_with_caller};
use super::errno::{no_memory, no_memory_if_null};
use super::misuse;
use crate::checked::Guardian;
use crate::checked::quick::recorded;
use crate::checked::{self, Release};
use crate::chunk::{ALIGNMENT, Family};
use crate::{door, start};
use core::ffi::c_void;

/// How `realloc` gives blocks back.
const REALLOC: Release = Release { what: "realloc", ..FREE };

jump_with_caller! {
    pub(super) fn malloc(size: usize) -> *mut c_void => malloc_for, "rsi", "rdx"
}

jump_with_caller! {
    pub(super) fn calloc(size: usize) -> *mut c_void => calloc_for, "rsi", "rdx"
}

/// # Safety
/// Jumped to with the caller's frame.
unsafe extern "C-unwind" fn malloc_for(
    size: usize,
    at: ReturnAt,
    frame_pointer: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { allocate(size, false, at, frame_pointer) }
}

/// # Safety
/// Jumped to with the caller's frame.
unsafe extern "C-unwind" fn calloc_for(
    size: usize,
    at: ReturnAt,
    frame_pointer: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { allocate(size, true, at, frame_pointer) }
}

/// A block for a function that was jumped to with the caller's frame. Each way is a function of its own: they
/// need many registers, which this need not save to choose one.
///
/// # Safety
/// Jumped to with the caller's frame.
#[inline(always)]
unsafe fn allocate(size: usize, zeroed: bool, at: ReturnAt, frame_pointer: usize) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe {
        match recorded::guardian() {
            Some(guardian) if guardian.waits => {
                allocate_where_freed_wait(size, at, frame_pointer, zeroed, guardian)
            }
            Some(guardian) if zeroed => {
                allocate_where_none_waits::<true>(size, at, frame_pointer, guardian)
            }
            Some(guardian) => allocate_where_none_waits::<false>(size, at, frame_pointer, guardian),
            None => allocate_generally(size, zeroed, at, frame_pointer),
        }
    }
}

/// # Safety
/// As for [`allocate`].
#[inline(never)]
unsafe fn allocate_where_freed_wait(
    size: usize,
    at: ReturnAt,
    frame_pointer: usize,
    zeroed: bool,
    guardian: &mut Guardian,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { allocate_recorded::<true>(size, at, frame_pointer, zeroed, guardian) }
}

/// # Safety
/// As for [`allocate`].
#[inline(never)]
unsafe fn allocate_where_none_waits<const ZEROED: bool>(
    size: usize,
    at: ReturnAt,
    frame_pointer: usize,
    guardian: &mut Guardian,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { allocate_recorded::<false>(size, at, frame_pointer, ZEROED, guardian) }
}

/// # Safety
/// As for [`allocate`].
#[inline(always)]
unsafe fn allocate_recorded<const WAITS: bool>(
    size: usize,
    at: ReturnAt,
    frame_pointer: usize,
    zeroed: bool,
    guardian: &mut Guardian,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe {
        let caller = at.caller(frame_pointer);
        let block = recorded::take::<WAITS>(guardian, size, Family::Malloc, zeroed, &caller);
        if block.is_null() {
            return allocate_generally(size, zeroed, at, frame_pointer);
        }
        block.cast()
    }
}

/// # Safety
/// As for [`allocate`].
#[cold]
#[inline(never)]
unsafe fn allocate_generally(
    size: usize,
    zeroed: bool,
    at: ReturnAt,
    frame_pointer: usize,
) -> *mut c_void {
    if size > SIZE_MAX {
        return no_memory();
    }
    start::ensure();
    no_memory_if_null(if checked::settings().active {
        // SAFETY: the caller's promise.
        unsafe {
            door::through(&at.caller(frame_pointer), || {
                checked::allocate(size, ALIGNMENT, Family::Malloc, zeroed)
            })
        }
    } else if zeroed {
        heapwarden_core::allocate_zeroed(size)
    } else {
        heapwarden_core::allocate_slow(size)
    })
}

jump_with_caller! {
    pub(super) fn realloc(block: *mut c_void, size: usize) -> *mut c_void => realloc_for, "rdx", "rcx"
}

/// # Safety
/// As for `realloc`, with neither 0, and jumped to with the caller's frame.
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

jump_with_caller! {
    pub(super) fn free(block: *mut u8) -> () => free_for, "rsi", "rdx"
}

/// # Safety
/// As for `free`, and jumped to with the caller's frame.
unsafe extern "C-unwind" fn free_for(block: *mut u8, at: ReturnAt, frame_pointer: usize) {
    // SAFETY: the caller's promises.
    unsafe {
        match recorded::guardian() {
            Some(guardian) if guardian.waits => {
                free_recorded::<true>(block, at, frame_pointer, guardian);
            }
            Some(guardian) => free_recorded::<false>(block, at, frame_pointer, guardian),
            None => release_generally(block, &FREE, at, frame_pointer),
        }
    }
}

/// Not inlined: each of the two ways needs many registers, which [`free_for`] need not save to choose one.
///
/// # Safety
/// As for `free`, for a function that was jumped to with the caller's frame.
#[inline(never)]
unsafe fn free_recorded<const WAITS: bool>(
    block: *mut u8,
    at: ReturnAt,
    frame_pointer: usize,
    guardian: &mut Guardian,
) {
    // SAFETY: the caller's promises.
    unsafe {
        if !recorded::put::<WAITS>(guardian, block, &FREE, &at.caller(frame_pointer)) {
            release_generally(block, &FREE, at, frame_pointer);
        }
    }
}

/// Gives a block back when there is no way as short as `harden`'s.
///
/// # Safety
/// As for `free`, for a function that was jumped to with the caller's frame.
pub(super) unsafe fn release_for(
    block: *mut u8,
    release: &Release,
    at: ReturnAt,
    frame_pointer: usize,
) {
    // SAFETY: the caller's promises.
    unsafe {
        if !recorded::free(block, release, &at.caller(frame_pointer)) {
            release_generally(block, release, at, frame_pointer);
        }
    }
}

/// Gives a block back when there is no short way.
///
/// # Safety
/// As for [`release_for`].
#[cold]
#[inline(never)]
unsafe fn release_generally(block: *mut u8, release: &Release, at: ReturnAt, frame_pointer: usize) {
    if block.is_null() {
        return;
    }
    if checked::settings().active {
        // SAFETY: the caller's promises; what is no live block is reported.
        return unsafe {
            door::through(&at.caller(frame_pointer), || checked::free(block, release));
        };
    }
    // SAFETY: the caller's promise.
    if let Err(found) = unsafe { heapwarden_core::free_slow(block) } {
        // SAFETY: as above.
        unsafe { misuse::free(found, block.cast()) };
    }
}
