//! Copying and filling: what is touched is stated exactly.
//!
//! libc's memmove stands behind memcpy too. They are the same function on this processor, and
//! programs linked long ago call a memcpy that lets the two overlap.

use super::early;
use core::ffi::{c_int, c_void};
use heapwarden::intercept;

interceptors! {
    fn memcpy(destination: *mut c_void, source: *const c_void, size: usize) -> *mut c_void,
        c"memmove" or early::memmove => |real| {
            intercept::copy("memcpy", destination.addr(), source.addr(), size);
            real(destination, source, size)
        };

    fn memmove(destination: *mut c_void, source: *const c_void, size: usize) -> *mut c_void,
        c"memmove" or early::memmove => |real| {
            intercept::copy("memmove", destination.addr(), source.addr(), size);
            real(destination, source, size)
        };

    fn mempcpy(destination: *mut c_void, source: *const c_void, size: usize) -> *mut c_void,
        c"mempcpy" or early::mempcpy => |real| {
            intercept::copy("mempcpy", destination.addr(), source.addr(), size);
            real(destination, source, size)
        };

    fn memset(destination: *mut c_void, byte: c_int, size: usize) -> *mut c_void,
        c"memset" or early::memset => |real| {
            intercept::write("memset", destination.addr(), size);
            real(destination, byte, size)
        };

    fn __memcpy_chk(destination: *mut c_void, source: *const c_void, size: usize, room: usize)
        -> *mut c_void, c"__memmove_chk" or early::memmove => |real| {
            intercept::copy("memcpy", destination.addr(), source.addr(), size);
            real(destination, source, size, room)
        };

    fn __memmove_chk(destination: *mut c_void, source: *const c_void, size: usize, room: usize)
        -> *mut c_void, c"__memmove_chk" or early::memmove => |real| {
            intercept::copy("memmove", destination.addr(), source.addr(), size);
            real(destination, source, size, room)
        };

    fn __mempcpy_chk(destination: *mut c_void, source: *const c_void, size: usize, room: usize)
        -> *mut c_void, c"__mempcpy_chk" or early::mempcpy => |real| {
            intercept::copy("mempcpy", destination.addr(), source.addr(), size);
            real(destination, source, size, room)
        };

    fn __memset_chk(destination: *mut c_void, byte: c_int, size: usize, room: usize)
        -> *mut c_void, c"__memset_chk" or early::memset => |real| {
            intercept::write("memset", destination.addr(), size);
            real(destination, byte, size, room)
        };
}
