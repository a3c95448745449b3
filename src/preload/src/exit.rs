//! `_exit` and its other name: the end of a process that runs no handlers, with the last words of
//! this library before it (see `heapwarden::at_exit`). libc's own `exit` does not come through here.

use core::ffi::c_int;
use heapwarden::at_exit;

/// See _exit(2).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn _exit(status: c_int) -> ! {
    at_exit::leave(status)
}

/// See _exit(2).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn _Exit(status: c_int) -> ! {
    at_exit::leave(status)
}
