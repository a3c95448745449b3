//! errno: set on the cold paths only.

use core::ffi::{c_int, c_void};

/// Sets errno.
pub(super) fn set(value: c_int) {
    // SAFETY: the location of this thread's errno is always valid.
    unsafe { *libc::__errno_location() = value };
}

/// Passes a block on; no block means ENOMEM.
#[inline]
pub(super) fn no_memory_if_null(block: *mut u8) -> *mut c_void {
    if block.is_null() {
        set(libc::ENOMEM);
    }
    block.cast()
}

/// NULL with ENOMEM.
#[cold]
pub(super) fn no_memory() -> *mut c_void {
    no_memory_if_null(core::ptr::null_mut())
}
