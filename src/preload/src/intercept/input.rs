//! Functions that fill memory with what arrives: from descriptors, links and the working folder.
//!
//! A count larger than the block is an error only when more arrives than fits, so these are checked
//! when they return; a freed block before.

use core::ffi::{c_char, c_int, c_void};
use heapwarden::intercept::{self, Room};
use libc::{off_t, sockaddr, socklen_t};

/// The call has put `count` bytes there, if it is not negative.
#[inline]
pub(super) fn arrived(room: Option<Room>, count: isize) -> isize {
    if let Some(room) = room {
        room.returned(count);
    }
    count
}

/// As [`arrived`]; a datagram may have been longer than what was put there.
#[inline]
fn received(room: Option<Room>, count: isize, bound: usize) -> isize {
    arrived(room, count.min(bound as isize));
    count
}

/// With MSG_TRUNC a stream socket drops what arrives and puts nothing there.
#[inline]
fn room_for_message(what: &'static str, buffer: usize, bound: usize, flags: c_int) -> Option<Room> {
    if flags & libc::MSG_TRUNC != 0 { None } else { intercept::room(what, buffer, bound) }
}

/// The call has put a terminated string of at most `bound` bytes there, if it returned it.
///
/// # Safety
/// As it says.
#[inline]
pub(super) unsafe fn terminated(
    room: Option<Room>,
    result: *mut c_char,
    bound: usize,
) -> *mut c_char {
    if let Some(room) = room
        && !result.is_null()
    {
        // SAFETY: the caller's promise.
        room.takes(unsafe { intercept::terminated_length(result.addr(), bound) });
    }
    result
}

interceptors! {
    fn read(file: c_int, buffer: *mut c_void, size: usize) -> isize, c"read" => |real| {
        let room = intercept::room("read", buffer.addr(), size);
        arrived(room, real(file, buffer, size))
    };

    fn pread(file: c_int, buffer: *mut c_void, size: usize, offset: off_t) -> isize,
        c"pread" => |real| {
            let room = intercept::room("pread", buffer.addr(), size);
            arrived(room, real(file, buffer, size, offset))
        };

    fn pread64(file: c_int, buffer: *mut c_void, size: usize, offset: off_t) -> isize,
        c"pread64" => |real| {
            let room = intercept::room("pread", buffer.addr(), size);
            arrived(room, real(file, buffer, size, offset))
        };

    fn recv(socket: c_int, buffer: *mut c_void, size: usize, flags: c_int) -> isize,
        c"recv" => |real| {
            let room = room_for_message("recv", buffer.addr(), size, flags);
            received(room, real(socket, buffer, size, flags), size)
        };

    fn recvfrom(socket: c_int, buffer: *mut c_void, size: usize, flags: c_int,
        address: *mut sockaddr, length: *mut socklen_t) -> isize, c"recvfrom" => |real| {
            let room = room_for_message("recvfrom", buffer.addr(), size, flags);
            received(room, real(socket, buffer, size, flags, address, length), size)
        };

    fn readlink(path: *const c_char, buffer: *mut c_char, size: usize) -> isize,
        c"readlink" => |real| {
            let room = intercept::room("readlink", buffer.addr(), size);
            arrived(room, real(path, buffer, size))
        };

    fn readlinkat(folder: c_int, path: *const c_char, buffer: *mut c_char, size: usize) -> isize,
        c"readlinkat" => |real| {
            let room = intercept::room("readlinkat", buffer.addr(), size);
            arrived(room, real(folder, path, buffer, size))
        };

    fn getcwd(buffer: *mut c_char, size: usize) -> *mut c_char, c"getcwd" => |real| {
        let room = intercept::room("getcwd", buffer.addr(), size);
        terminated(room, real(buffer, size), size)
    };

    fn __read_chk(file: c_int, buffer: *mut c_void, size: usize, limit: usize) -> isize,
        c"__read_chk" => |real| {
            let room = intercept::room("read", buffer.addr(), size);
            arrived(room, real(file, buffer, size, limit))
        };

    fn __pread_chk(file: c_int, buffer: *mut c_void, size: usize, offset: off_t, limit: usize)
        -> isize, c"__pread_chk" => |real| {
            let room = intercept::room("pread", buffer.addr(), size);
            arrived(room, real(file, buffer, size, offset, limit))
        };

    fn __pread64_chk(file: c_int, buffer: *mut c_void, size: usize, offset: off_t, limit: usize)
        -> isize, c"__pread64_chk" => |real| {
            let room = intercept::room("pread", buffer.addr(), size);
            arrived(room, real(file, buffer, size, offset, limit))
        };

    fn __recv_chk(socket: c_int, buffer: *mut c_void, size: usize, limit: usize, flags: c_int)
        -> isize, c"__recv_chk" => |real| {
            let room = room_for_message("recv", buffer.addr(), size, flags);
            received(room, real(socket, buffer, size, limit, flags), size)
        };

    fn __recvfrom_chk(socket: c_int, buffer: *mut c_void, size: usize, limit: usize, flags: c_int,
        address: *mut sockaddr, length: *mut socklen_t) -> isize, c"__recvfrom_chk" => |real| {
            let room = room_for_message("recvfrom", buffer.addr(), size, flags);
            received(room, real(socket, buffer, size, limit, flags, address, length), size)
        };

    fn __readlink_chk(path: *const c_char, buffer: *mut c_char, size: usize, limit: usize)
        -> isize, c"__readlink_chk" => |real| {
            let room = intercept::room("readlink", buffer.addr(), size);
            arrived(room, real(path, buffer, size, limit))
        };

    fn __readlinkat_chk(folder: c_int, path: *const c_char, buffer: *mut c_char, size: usize,
        limit: usize) -> isize, c"__readlinkat_chk" => |real| {
            let room = intercept::room("readlinkat", buffer.addr(), size);
            arrived(room, real(folder, path, buffer, size, limit))
        };

    fn __getcwd_chk(buffer: *mut c_char, size: usize, limit: usize) -> *mut c_char,
        c"__getcwd_chk" => |real| {
            let room = intercept::room("getcwd", buffer.addr(), size);
            terminated(room, real(buffer, size, limit), size)
        };
}
