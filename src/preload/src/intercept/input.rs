//! Functions that fill memory with what arrives. A count larger than the block is an error only
//! when more arrives than fits, so these are checked when they return; a freed block before.

use core::ffi::{c_char, c_int, c_void};
use heapwarden::intercept::{self, Room};
use libc::{FILE, off_t, sockaddr, socklen_t};

/// The call has put `count` bytes there, if it is not negative.
#[inline]
fn arrived(room: Option<Room>, count: isize) -> isize {
    if let (Some(room), Ok(count)) = (room, usize::try_from(count)) {
        room.takes(count);
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
unsafe fn terminated(room: Option<Room>, result: *mut c_char, bound: usize) -> *mut c_char {
    if let Some(room) = room
        && !result.is_null()
    {
        // SAFETY: the caller's promise.
        room.takes(unsafe { intercept::terminated_length(result.addr(), bound) });
    }
    result
}

/// How much fread may put there.
#[inline]
fn room_for_items(what: &'static str, buffer: usize, size: usize, count: usize) -> Option<Room> {
    intercept::room(what, buffer, size.saturating_mul(count))
}

#[inline]
fn items_arrived(room: Option<Room>, size: usize, count: usize) -> usize {
    if let Some(room) = room {
        room.takes(size.saturating_mul(count));
    }
    count
}

/// fgets takes its bound as an int; nothing is put anywhere when it is not positive.
#[inline]
fn bound_of(size: c_int) -> usize {
    usize::try_from(size).unwrap_or(0)
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

    fn fread(buffer: *mut c_void, size: usize, count: usize, stream: *mut FILE) -> usize,
        c"fread" => |real| {
            let room = room_for_items("fread", buffer.addr(), size, count);
            items_arrived(room, size, real(buffer, size, count, stream))
        };

    fn fread_unlocked(buffer: *mut c_void, size: usize, count: usize, stream: *mut FILE) -> usize,
        c"fread_unlocked" => |real| {
            let room = room_for_items("fread_unlocked", buffer.addr(), size, count);
            items_arrived(room, size, real(buffer, size, count, stream))
        };

    fn fgets(buffer: *mut c_char, size: c_int, stream: *mut FILE) -> *mut c_char,
        c"fgets" => |real| {
            let bound = bound_of(size);
            let room = intercept::room("fgets", buffer.addr(), bound);
            terminated(room, real(buffer, size, stream), bound)
        };

    fn fgets_unlocked(buffer: *mut c_char, size: c_int, stream: *mut FILE) -> *mut c_char,
        c"fgets_unlocked" => |real| {
            let bound = bound_of(size);
            let room = intercept::room("fgets_unlocked", buffer.addr(), bound);
            terminated(room, real(buffer, size, stream), bound)
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

    fn __fread_chk(buffer: *mut c_void, limit: usize, size: usize, count: usize,
        stream: *mut FILE) -> usize, c"__fread_chk" => |real| {
            let room = room_for_items("fread", buffer.addr(), size, count);
            items_arrived(room, size, real(buffer, limit, size, count, stream))
        };

    fn __fread_unlocked_chk(buffer: *mut c_void, limit: usize, size: usize, count: usize,
        stream: *mut FILE) -> usize, c"__fread_unlocked_chk" => |real| {
            let room = room_for_items("fread_unlocked", buffer.addr(), size, count);
            items_arrived(room, size, real(buffer, limit, size, count, stream))
        };

    fn __fgets_chk(buffer: *mut c_char, limit: usize, size: c_int, stream: *mut FILE)
        -> *mut c_char, c"__fgets_chk" => |real| {
            let bound = bound_of(size);
            let room = intercept::room("fgets", buffer.addr(), bound);
            terminated(room, real(buffer, limit, size, stream), bound)
        };

    fn __fgets_unlocked_chk(buffer: *mut c_char, limit: usize, size: c_int, stream: *mut FILE)
        -> *mut c_char, c"__fgets_unlocked_chk" => |real| {
            let bound = bound_of(size);
            let room = intercept::room("fgets_unlocked", buffer.addr(), bound);
            terminated(room, real(buffer, limit, size, stream), bound)
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
