//! Copying and appending strings.

use super::early;
use core::ffi::c_char;
use heapwarden::intercept;

interceptors! {
    fn strcpy(destination: *mut c_char, source: *const c_char) -> *mut c_char,
        c"strcpy" or early::strcpy => |real| {
            intercept::copy_string("strcpy", destination.addr(), source.addr());
            real(destination, source)
        };

    fn stpcpy(destination: *mut c_char, source: *const c_char) -> *mut c_char,
        c"stpcpy" or early::stpcpy => |real| {
            intercept::copy_string("stpcpy", destination.addr(), source.addr());
            real(destination, source)
        };

    fn strncpy(destination: *mut c_char, source: *const c_char, bound: usize) -> *mut c_char,
        c"strncpy" or early::strncpy => |real| {
            intercept::copy_string_bounded("strncpy", destination.addr(), source.addr(), bound);
            real(destination, source, bound)
        };

    fn stpncpy(destination: *mut c_char, source: *const c_char, bound: usize) -> *mut c_char,
        c"stpncpy" => |real| {
            intercept::copy_string_bounded("stpncpy", destination.addr(), source.addr(), bound);
            real(destination, source, bound)
        };

    fn strcat(destination: *mut c_char, source: *const c_char) -> *mut c_char,
        c"strcat" or early::strcat => |real| {
            intercept::append("strcat", destination.addr(), source.addr());
            real(destination, source)
        };

    fn strncat(destination: *mut c_char, source: *const c_char, bound: usize) -> *mut c_char,
        c"strncat" or early::strncat => |real| {
            intercept::append_bounded("strncat", destination.addr(), source.addr(), bound);
            real(destination, source, bound)
        };

    fn __strcpy_chk(destination: *mut c_char, source: *const c_char, room: usize) -> *mut c_char,
        c"__strcpy_chk" or early::strcpy => |real| {
            intercept::copy_string("strcpy", destination.addr(), source.addr());
            real(destination, source, room)
        };

    fn __stpcpy_chk(destination: *mut c_char, source: *const c_char, room: usize) -> *mut c_char,
        c"__stpcpy_chk" or early::stpcpy => |real| {
            intercept::copy_string("stpcpy", destination.addr(), source.addr());
            real(destination, source, room)
        };

    fn __strncpy_chk(destination: *mut c_char, source: *const c_char, bound: usize, room: usize)
        -> *mut c_char, c"__strncpy_chk" or early::strncpy => |real| {
            intercept::copy_string_bounded("strncpy", destination.addr(), source.addr(), bound);
            real(destination, source, bound, room)
        };

    fn __stpncpy_chk(destination: *mut c_char, source: *const c_char, bound: usize, room: usize)
        -> *mut c_char, c"__stpncpy_chk" => |real| {
            intercept::copy_string_bounded("stpncpy", destination.addr(), source.addr(), bound);
            real(destination, source, bound, room)
        };

    fn __strcat_chk(destination: *mut c_char, source: *const c_char, room: usize) -> *mut c_char,
        c"__strcat_chk" or early::strcat => |real| {
            intercept::append("strcat", destination.addr(), source.addr());
            real(destination, source, room)
        };

    fn __strncat_chk(destination: *mut c_char, source: *const c_char, bound: usize, room: usize)
        -> *mut c_char, c"__strncat_chk" or early::strncat => |real| {
            intercept::append_bounded("strncat", destination.addr(), source.addr(), bound);
            real(destination, source, bound, room)
        };
}
