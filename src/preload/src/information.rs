//! What programs ask the heap about itself, and the knobs of libc's malloc.

use core::ffi::c_int;
use heapwarden::front;

/// See mallinfo(3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn mallinfo() -> libc::mallinfo {
    front::mallinfo()
}

/// See mallinfo(3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn mallinfo2() -> libc::mallinfo2 {
    front::mallinfo2()
}

/// See malloc_info(3).
///
/// # Safety
/// `stream` is an open stream.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn malloc_info(options: c_int, stream: *mut libc::FILE) -> c_int {
    // SAFETY: promised by the caller.
    unsafe { front::malloc_info(options, stream) }
}

/// See malloc_stats(3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn malloc_stats() {
    front::malloc_stats();
}

/// See malloc_trim(3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn malloc_trim(keep: usize) -> c_int {
    front::malloc_trim(keep)
}

/// See mallopt(3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn mallopt(parameter: c_int, value: c_int) -> c_int {
    front::mallopt(parameter, value)
}
