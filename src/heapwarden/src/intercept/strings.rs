//! Strings: how much is read and written follows from where the terminator is.
//!
//! A string in our heap must have its terminator in its block; it is looked for there and not
//! beyond. `strnlen` reads what the call is about to read anyway.

use super::block;
use super::exact::allowed;
use super::{applies, tell};
use crate::report::AccessKind;
use heapwarden_core::is_ours;

/// `what` is about to copy a string with its terminator.
///
/// # Safety
/// `source` leads to a string, unless it is in our heap.
#[inline(always)]
pub unsafe fn copy_string(what: &'static str, destination: usize, source: usize) {
    if is_ours(destination) || is_ours(source) {
        // SAFETY: the caller's promise.
        unsafe { check_copy(what, destination, source, usize::MAX, None) };
    }
}

/// `what` is about to copy a string of at most `bound` bytes and to fill up to `bound` with zeroes.
///
/// # Safety
/// As for [`copy_string`], up to `bound` bytes.
#[inline(always)]
pub unsafe fn copy_string_bounded(
    what: &'static str,
    destination: usize,
    source: usize,
    bound: usize,
) {
    if is_ours(destination) || is_ours(source) {
        // SAFETY: the caller's promise.
        unsafe { check_copy(what, destination, source, bound, Some(bound)) };
    }
}

/// `what` is about to append a string.
///
/// # Safety
/// As for [`copy_string`], for both.
#[inline(always)]
pub unsafe fn append(what: &'static str, destination: usize, source: usize) {
    // SAFETY: the caller's promise.
    unsafe { append_bounded(what, destination, source, usize::MAX) };
}

/// `what` is about to append at most `bound` bytes of a string, and a terminator.
///
/// # Safety
/// As for [`append`], up to `bound` bytes of `source`.
#[inline(always)]
pub unsafe fn append_bounded(what: &'static str, destination: usize, source: usize, bound: usize) {
    if is_ours(destination) || is_ours(source) {
        // SAFETY: the caller's promise.
        unsafe { check_append(what, destination, source, bound) };
    }
}

/// `written` when it does not follow from the string.
#[inline(never)]
unsafe fn check_copy(
    what: &'static str,
    destination: usize,
    source: usize,
    bound: usize,
    written: Option<usize>,
) {
    if !applies() || bound == 0 {
        return;
    }
    // SAFETY: the caller's promise.
    let Some(length) = (unsafe { length(what, source, bound) }) else { return };
    allowed(what, AccessKind::Write, destination, written.unwrap_or(length + 1));
}

#[inline(never)]
unsafe fn check_append(what: &'static str, destination: usize, source: usize, bound: usize) {
    if !applies() {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let Some(before) = length(what, destination, usize::MAX) else { return };
        let Some(added) = length(what, source, bound) else { return };
        allowed(what, AccessKind::Write, destination + before, added + 1);
    }
}

/// Bytes of a string before its terminator, at most `bound`. Nothing when reading it is wrong, which
/// was reported then.
///
/// # Safety
/// Unless it is in our heap, a string of up to `bound` bytes is there.
unsafe fn length(what: &'static str, address: usize, bound: usize) -> Option<usize> {
    let block = if is_ours(address) && bound > 0 { block::at(address) } else { None };
    let Some(block) = block else {
        let text = address as *const _;
        // SAFETY: the caller's promise. Some vectorised strnlen add the bound to the address.
        return Some(unsafe {
            if bound > isize::MAX as usize {
                libc::strlen(text)
            } else {
                libc::strnlen(text, bound)
            }
        });
    };
    if block.fault(address, 1).is_none() {
        let room = (block.end - address).min(bound);
        // SAFETY: a live block's memory.
        let length = unsafe { libc::strnlen(address as *const _, room) };
        if length < room || length == bound {
            return Some(length);
        }
    }
    // Of a string that may not be read at all, the first byte; else up to the first one outside.
    let size = if block.fault(address, 1).is_some() { 1 } else { block.end - address + 1 };
    tell::report(what, AccessKind::Read, &block, address, size);
    None
}
