//! Formatting into memory.
//!
//! How much is written is known only once it is formatted, and a bound larger than the block is no
//! error when the text is short. So the text is formatted with what is left of the block as the
//! bound. If it fits, which costs nothing more than the call itself, that was the call. If not, the
//! error is reported, and the call is made as it was meant.

use core::ffi::{c_char, c_int};
use heapwarden::intercept;

/// What a `va_list` leads to; formatting uses it up.
pub(super) type Arguments = [u64; 3];

/// Formats by `format`, which takes a bound, what `whole` formats without regard to the block.
/// `limit` is the most that `whole` accepts before it ends the program.
///
/// # Safety
/// `arguments` are those of the format.
#[inline]
unsafe fn within(
    what: &'static str,
    destination: *mut c_char,
    size: usize,
    limit: usize,
    arguments: *mut Arguments,
    format: impl Fn(usize, *mut Arguments) -> c_int,
    whole: impl Fn(*mut Arguments) -> c_int,
) -> c_int {
    let Some(room) = intercept::room(what, destination.addr(), size) else {
        return whole(arguments);
    };
    // SAFETY: the caller's promise.
    let mut again = unsafe { *arguments };
    let bound = room.bytes().min(limit);
    let length = format(bound, arguments);
    // Negative: an error, which has nothing to do with the destination.
    let Ok(needed) = usize::try_from(length) else { return length };
    if needed < bound {
        return length;
    }
    room.takes(size.min(needed + 1));
    whole(&raw mut again)
}

/// # Safety
/// As for vsprintf.
pub(super) unsafe fn unbounded(
    what: &'static str,
    destination: *mut c_char,
    format: *const c_char,
    arguments: *mut Arguments,
) -> c_int {
    let (bounded, whole) = (vsnprintf::real(), vsprintf::real());
    // SAFETY: the caller's promise; the bounded form writes less.
    unsafe {
        within(
            what,
            destination,
            usize::MAX,
            usize::MAX,
            arguments,
            |bound, arguments| bounded(destination, bound, format, arguments),
            |arguments| whole(destination, format, arguments),
        )
    }
}

/// # Safety
/// As for vsnprintf.
pub(super) unsafe fn bounded(
    what: &'static str,
    destination: *mut c_char,
    size: usize,
    format: *const c_char,
    arguments: *mut Arguments,
) -> c_int {
    let real = vsnprintf::real();
    // SAFETY: the caller's promise; a smaller bound writes less.
    unsafe {
        within(
            what,
            destination,
            size,
            usize::MAX,
            arguments,
            |bound, arguments| real(destination, bound, format, arguments),
            |arguments| real(destination, size, format, arguments),
        )
    }
}

/// # Safety
/// As for __vsprintf_chk.
pub(super) unsafe fn unbounded_chk(
    what: &'static str,
    destination: *mut c_char,
    flag: c_int,
    limit: usize,
    format: *const c_char,
    arguments: *mut Arguments,
) -> c_int {
    let (bounded, whole) = (__vsnprintf_chk::real(), __vsprintf_chk::real());
    // SAFETY: the caller's promise; the bounded form writes less.
    unsafe {
        within(
            what,
            destination,
            usize::MAX,
            limit,
            arguments,
            |bound, arguments| bounded(destination, bound, flag, usize::MAX, format, arguments),
            |arguments| whole(destination, flag, limit, format, arguments),
        )
    }
}

/// # Safety
/// As for __vsnprintf_chk.
pub(super) unsafe fn bounded_chk(
    what: &'static str,
    destination: *mut c_char,
    size: usize,
    flag: c_int,
    limit: usize,
    format: *const c_char,
    arguments: *mut Arguments,
) -> c_int {
    let real = __vsnprintf_chk::real();
    // SAFETY: the caller's promise; a smaller bound writes less.
    unsafe {
        if limit < size {
            // This ends the program, whatever the text.
            return real(destination, size, flag, limit, format, arguments);
        }
        within(
            what,
            destination,
            size,
            usize::MAX,
            arguments,
            |bound, arguments| real(destination, bound, flag, limit, format, arguments),
            |arguments| real(destination, size, flag, limit, format, arguments),
        )
    }
}

interceptors! {
    fn vsprintf(destination: *mut c_char, format: *const c_char, arguments: *mut Arguments)
        -> c_int, c"vsprintf" => |_real| unbounded("vsprintf", destination, format, arguments);

    fn vsnprintf(destination: *mut c_char, size: usize, format: *const c_char,
        arguments: *mut Arguments) -> c_int, c"vsnprintf" => |_real|
        bounded("vsnprintf", destination, size, format, arguments);

    fn __vsprintf_chk(destination: *mut c_char, flag: c_int, limit: usize, format: *const c_char,
        arguments: *mut Arguments) -> c_int, c"__vsprintf_chk" => |_real|
        unbounded_chk("vsprintf", destination, flag, limit, format, arguments);

    fn __vsnprintf_chk(destination: *mut c_char, size: usize, flag: c_int, limit: usize,
        format: *const c_char, arguments: *mut Arguments) -> c_int, c"__vsnprintf_chk" => |_real|
        bounded_chk("vsnprintf", destination, size, flag, limit, format, arguments);
}
