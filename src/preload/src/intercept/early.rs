//! Copies and strings before libc's own functions are known, which is before this library's
//! constructor: little happens then. Written so that the compiler cannot make calls of memcpy and
//! its relatives of them. They also stand in for the `_chk` forms, whose last argument they ignore.

use core::arch::asm;
use core::ffi::{c_char, c_int, c_void};

/// # Safety
/// As for memmove.
pub(super) unsafe extern "C-unwind" fn memmove(
    destination: *mut c_void,
    source: *const c_void,
    size: usize,
) -> *mut c_void {
    let backwards = destination.addr().wrapping_sub(source.addr()) < size;
    // SAFETY: the caller's promise; the direction flag is clear again at the end.
    unsafe {
        if backwards {
            let last = size - 1;
            asm!("std", "rep movsb", "cld", inout("rcx") size => _,
                 inout("rdi") destination.byte_add(last) => _, inout("rsi") source.byte_add(last) => _);
        } else {
            asm!("rep movsb", inout("rcx") size => _, inout("rdi") destination => _,
                 inout("rsi") source => _, options(nostack, preserves_flags));
        }
    }
    destination
}

/// # Safety
/// As for mempcpy.
pub(super) unsafe extern "C-unwind" fn mempcpy(
    destination: *mut c_void,
    source: *const c_void,
    size: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { memmove(destination, source, size).byte_add(size) }
}

/// # Safety
/// As for memset.
pub(super) unsafe extern "C-unwind" fn memset(
    destination: *mut c_void,
    byte: c_int,
    size: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe {
        asm!("rep stosb", inout("rcx") size => _, inout("rdi") destination => _,
             in("al") byte as u8, options(nostack, preserves_flags));
    }
    destination
}

/// # Safety
/// As for stpcpy.
pub(super) unsafe extern "C-unwind" fn stpcpy(
    destination: *mut c_char,
    source: *const c_char,
) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe {
        let length = libc::strlen(source);
        memmove(destination.cast(), source.cast(), length + 1);
        destination.add(length)
    }
}

/// # Safety
/// As for strcpy.
pub(super) unsafe extern "C-unwind" fn strcpy(
    destination: *mut c_char,
    source: *const c_char,
) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe { stpcpy(destination, source) };
    destination
}

/// # Safety
/// As for strncpy.
pub(super) unsafe extern "C-unwind" fn strncpy(
    destination: *mut c_char,
    source: *const c_char,
    bound: usize,
) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe {
        let length = libc::strnlen(source, bound);
        memmove(destination.cast(), source.cast(), length);
        memset(destination.add(length).cast(), 0, bound - length);
    }
    destination
}

/// # Safety
/// As for strcat.
pub(super) unsafe extern "C-unwind" fn strcat(
    destination: *mut c_char,
    source: *const c_char,
) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe { strcpy(destination.add(libc::strlen(destination)), source) };
    destination
}

/// # Safety
/// As for strncat.
pub(super) unsafe extern "C-unwind" fn strncat(
    destination: *mut c_char,
    source: *const c_char,
    bound: usize,
) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe {
        let end = destination.add(libc::strlen(destination));
        let length = libc::strnlen(source, bound);
        memmove(end.cast(), source.cast(), length);
        *end.add(length) = 0;
    }
    destination
}
