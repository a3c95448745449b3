//! Functions that hand memory to the kernel; checked as in [`super::input`].

use super::input::arrived;
use core::ffi::{c_int, c_void};
use heapwarden::intercept;
use libc::{off_t, sockaddr, socklen_t};

interceptors! {
    fn write(file: c_int, buffer: *const c_void, size: usize) -> isize, c"write" => |real| {
        let supply = intercept::supply("write", buffer.addr(), size);
        arrived(supply, real(file, buffer, size))
    };

    fn pwrite(file: c_int, buffer: *const c_void, size: usize, offset: off_t) -> isize,
        c"pwrite" => |real| {
            let supply = intercept::supply("pwrite", buffer.addr(), size);
            arrived(supply, real(file, buffer, size, offset))
        };

    fn pwrite64(file: c_int, buffer: *const c_void, size: usize, offset: off_t) -> isize,
        c"pwrite64" => |real| {
            let supply = intercept::supply("pwrite", buffer.addr(), size);
            arrived(supply, real(file, buffer, size, offset))
        };

    fn send(socket: c_int, buffer: *const c_void, size: usize, flags: c_int) -> isize,
        c"send" => |real| {
            let supply = intercept::supply("send", buffer.addr(), size);
            arrived(supply, real(socket, buffer, size, flags))
        };

    fn sendto(socket: c_int, buffer: *const c_void, size: usize, flags: c_int,
        address: *const sockaddr, length: socklen_t) -> isize, c"sendto" => |real| {
            let supply = intercept::supply("sendto", buffer.addr(), size);
            arrived(supply, real(socket, buffer, size, flags, address, length))
        };
}
