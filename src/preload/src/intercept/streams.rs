//! fread and fgets, which fill memory with what arrives from a stream; checked as in [`super::input`].

use super::input::terminated;
use core::ffi::{c_char, c_int, c_void};
use heapwarden::intercept::{self, Room};
use libc::FILE;

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
}
