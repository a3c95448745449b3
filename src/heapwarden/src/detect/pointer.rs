//! Pointers that lead to no memory of ours: what is there instead, as the kernel's map tells it.
//!
//! Cold: the map is read through raw system calls into a small buffer on the stack.

use super::tell::{deliver, facts};
use crate::checked::{FREE_FILL, NEW_FILL, Release, settings};
use crate::report::{Facts, Kind, Pointer};
use core::ffi::c_void;
use heapwarden_core::os::syscall;

/// A foreign pointer is given back: reported if nothing that could be another allocator's is
/// there, else passed on to the next allocator, as if we were not.
#[cold]
pub fn foreign(payload: usize, release: &Release) {
    let what_is_there = classify(payload);
    if what_is_there == Pointer::Foreign {
        // SAFETY: the caller of free says that it is a live block of some allocator.
        return unsafe { crate::front::free_foreign(payload as *mut c_void) };
    }
    tell(payload, what_is_there, release.what);
}

/// A pointer that is not ours was given to a function that does not pass it on.
#[cold]
pub fn wild(payload: usize, what: &'static str) {
    tell(payload, classify(payload), what);
}

fn tell(payload: usize, pointer: Pointer, what: &'static str) {
    let hint = hint(payload);
    deliver(Facts { pointer: Some(pointer), hint, ..facts(Kind::InvalidFree, payload, what) });
}

/// Where a pointer that is made of our fill must come from.
fn hint(payload: usize) -> Option<&'static str> {
    let settings = settings();
    let is_all = |byte: u8| payload == usize::from_ne_bytes([byte; 8]);
    if settings.free_fill == FREE_FILL && is_all(FREE_FILL) {
        return Some("the pointer was read from freed memory, which is filled with 0xdf");
    }
    (settings.new_fill == Some(NEW_FILL) && is_all(NEW_FILL)).then_some(
        "the pointer was read from uninitialised memory; fresh blocks are filled with 0xbe",
    )
}

/// Whether an address may be a block of another allocator: none of ours, and in memory that is
/// neither a stack, nor a global, nor code.
pub fn is_foreign(address: usize) -> bool {
    !heapwarden_core::is_managed(address) && classify(address) == Pointer::Foreign
}

/// What lies at an address that is not ours.
pub fn classify(address: usize) -> Pointer {
    if on_this_stack(address) {
        return Pointer::Stack;
    }
    let mut found = Pointer::Wild;
    let mut last_was_file = false;
    let read = read_map(&mut |line| {
        let Some(mapping) = Mapping::parse(line) else { return true };
        if address < mapping.start {
            return false;
        }
        if address < mapping.end {
            found = mapping.classify(last_was_file);
            return false;
        }
        last_was_file = mapping.is_file;
        true
    });
    // Without a map nothing can be said: the next allocator may know.
    if read { found } else { Pointer::Foreign }
}

/// Whether an address lies near this function's frame, above it.
fn on_this_stack(address: usize) -> bool {
    let local = 0u8;
    let here = &raw const local as usize;
    address >= here && address - here < 64 * 1024
}

struct Mapping {
    start: usize,
    end: usize,
    executable: bool,
    is_file: bool,
    is_stack: bool,
    /// What the kernel calls [heap], where libc's own malloc works.
    is_heap: bool,
}

impl Mapping {
    /// Reads `start-end perms offset device inode path`.
    fn parse(line: &[u8]) -> Option<Self> {
        let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let mut range = words.next()?.split(|byte| *byte == b'-');
        let (start, end) = (hexadecimal(range.next()?)?, hexadecimal(range.next()?)?);
        let permissions = words.next()?;
        let path = words.nth(3).unwrap_or(b"");
        Some(Self {
            start,
            end,
            executable: permissions.get(2) == Some(&b'x'),
            is_file: path.starts_with(b"/"),
            is_stack: path.starts_with(b"[stack"),
            is_heap: path.starts_with(b"[heap"),
        })
    }

    /// `after_file`: the mapping before it is a file's, and this may be its zeroed data.
    fn classify(&self, after_file: bool) -> Pointer {
        match self {
            Mapping { is_stack: true, .. } => Pointer::Stack,
            Mapping { executable: true, .. } => Pointer::Code,
            Mapping { is_file: true, .. } => Pointer::Global,
            Mapping { is_heap: true, .. } => Pointer::Foreign,
            _ if after_file && self.end - self.start < 1 << 20 => Pointer::Global,
            _ => Pointer::Foreign,
        }
    }
}

fn hexadecimal(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0usize, |value, digit| {
        let digit = (*digit as char).to_digit(16)? as usize;
        value.checked_mul(16)?.checked_add(digit)
    })
}

/// Calls `visit` with each line of this process's map until it returns false. False when the map
/// cannot be read.
fn read_map(visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    const CLOEXEC: usize = libc::O_CLOEXEC as usize;
    let path = c"/proc/self/maps";
    let at = libc::AT_FDCWD as usize;
    // SAFETY: a live string is read.
    let opened =
        unsafe { syscall::call(libc::SYS_openat, [at, path.as_ptr() as usize, CLOEXEC, 0, 0, 0]) };
    let Ok(descriptor) = opened else { return false };
    let mut buffer = [0u8; 1024];
    let mut filled = 0;
    'reading: loop {
        let room = &mut buffer[filled..];
        // SAFETY: the kernel writes at most the room's length into it.
        let read = unsafe {
            syscall::call(
                libc::SYS_read,
                [descriptor, room.as_mut_ptr() as usize, room.len(), 0, 0, 0],
            )
        };
        let Ok(count @ 1..) = read else { break };
        filled += count;
        while let Some(end) = buffer[..filled].iter().position(|byte| *byte == b'\n') {
            if !visit(&buffer[..end]) {
                break 'reading;
            }
            buffer.copy_within(end + 1..filled, 0);
            filled -= end + 1;
        }
        if filled == buffer.len() {
            // A path longer than the buffer: what of the line is known is enough.
            if !visit(&buffer) {
                break;
            }
            filled = 0;
        }
    }
    // SAFETY: the descriptor is ours.
    let _ = unsafe { syscall::call(libc::SYS_close, [descriptor, 0, 0, 0, 0, 0]) };
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_map_is_read() {
        let line = b"7f12a000-7f12b000 r-xp 00001000 fe:00 326279     /usr/lib/libc.so.6";
        let mapping = Mapping::parse(line).expect("a mapping");
        assert_eq!((mapping.start, mapping.end), (0x7f12_a000, 0x7f12_b000));
        assert_eq!(mapping.classify(false), Pointer::Code);
    }

    #[test]
    fn stack_global_code_and_nothing_are_told_apart() {
        static GLOBAL: u64 = 7;
        let local = 7u64;
        assert_eq!(classify(&raw const local as usize), Pointer::Stack);
        assert_eq!(classify(&raw const GLOBAL as usize), Pointer::Global);
        assert_eq!(classify(classify as *const () as usize), Pointer::Code);
        assert_eq!(classify(0x10), Pointer::Wild);
    }
}
