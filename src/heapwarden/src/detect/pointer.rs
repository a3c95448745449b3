//! Pointers that lead to no memory of ours: what is there instead, as the kernel's map tells it.
//!
//! Cold: the map is read anew each time, on a stack of the library.

use super::tell::{deliver, facts};
use crate::checked::{FREE_FILL, NEW_FILL, Release, settings};
use crate::chunk::Family;
use crate::handler_stack;
use crate::report::{Facts, Kind, Mismatch, Pointer};
use crate::symbolize::maps::{self, Mapping};
use core::ffi::c_void;

/// A foreign pointer is given back: reported if nothing that could be another allocator's is
/// there, else passed on to the next allocator, as if we were not.
#[cold]
pub fn foreign(payload: usize, release: &Release) {
    let what_is_there = classify(payload);
    if what_is_there == Pointer::Foreign {
        if release.family == Family::Rust && crate::start::options().alloc_dealloc_mismatch {
            return not_rusts(payload, release);
        }
        // SAFETY: the caller of free says that it is a live block of some allocator.
        return unsafe { crate::front::free_foreign(payload as *mut c_void) };
    }
    tell(payload, what_is_there, release.what);
}

/// Where Heapwarden is a Rust program's allocator, C code has another one, mostly libc's; and what Rust
/// gives back came from Rust. If the program goes on after this, the block stays.
fn not_rusts(payload: usize, release: &Release) {
    deliver(Facts {
        pointer: Some(Pointer::Foreign),
        mismatch: Some(Mismatch::Families { allocated: Family::Malloc, released: Family::Rust }),
        hint: Some(
            "memory that C code allocated goes back to C's free; if another allocator of the \
             program made it, alloc_dealloc_mismatch=0 switches this check off",
        ),
        ..facts(Kind::AllocDeallocMismatch, payload, release.what)
    });
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
    let (mut found, mut last_was_file, mut is_known) = (Pointer::Wild, false, false);
    // The thread that frees may have little stack left.
    handler_stack::run(&mut || {
        is_known = maps::each(&mut |mapping| {
            if (mapping.start..mapping.end).contains(&address) {
                found = meaning(mapping, last_was_file);
            }
            last_was_file = is_file(mapping);
        });
    });
    // Without a map nothing can be said: the next allocator may know.
    if is_known { found } else { Pointer::Foreign }
}

/// Whether an address lies near this function's frame, above it.
fn on_this_stack(address: usize) -> bool {
    let local = 0u8;
    let here = &raw const local as usize;
    address >= here && address - here < 64 * 1024
}

fn is_file(mapping: &Mapping<'_>) -> bool {
    mapping.path.starts_with(b"/")
}

/// What an address in a mapping is. `after_file`: the mapping before it is a file's, and this may be
/// its zeroed data.
fn meaning(mapping: &Mapping<'_>, after_file: bool) -> Pointer {
    if mapping.path.starts_with(b"[stack") {
        return Pointer::Stack;
    }
    if mapping.executable {
        return Pointer::Code;
    }
    // What the kernel calls [heap] is where libc's own malloc works.
    let is_heap = mapping.path.starts_with(b"[heap");
    let is_zeroed_data = after_file && !is_heap && mapping.end - mapping.start < 1 << 20;
    if is_file(mapping) || is_zeroed_data { Pointer::Global } else { Pointer::Foreign }
}

#[cfg(test)]
mod tests {
    use super::*;

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
