//! What becomes of a pointer that is not a live block of ours, without checks: as glibc does, one
//! line on stderr and abort; a block of another allocator goes to that one.

use super::foreign;
use crate::text::{complain, hexadecimal};
use core::ffi::c_void;
use core::ptr::null_mut;
use heapwarden_core::Misuse;

/// The function that was called with the pointer.
#[derive(Clone, Copy)]
pub(super) enum Entry {
    Free,
    Realloc,
    UsableSize,
}

impl Entry {
    const fn name(self) -> &'static [u8] {
        match self {
            Entry::Free => b"free()",
            Entry::Realloc => b"realloc()",
            Entry::UsableSize => b"malloc_usable_size()",
        }
    }
}

/// # Safety
/// `block` is not used afterwards; if it is foreign, it is a live block of the next allocator.
#[cold]
pub(super) unsafe fn free(found: Misuse, block: *mut c_void) {
    match found {
        // SAFETY: promised by the caller.
        Misuse::Foreign => unsafe { foreign::free(block) },
        Misuse::Interior => refuse(Entry::Free, block),
        Misuse::DoubleFree => refuse_freed(Entry::Free, block),
    }
}

/// # Safety
/// As for `free`, unless null is returned.
#[cold]
pub(super) unsafe fn realloc(found: Misuse, block: *mut c_void, size: usize) -> *mut c_void {
    match found {
        // SAFETY: promised by the caller.
        Misuse::Foreign => unsafe { foreign::realloc(block, size) }.unwrap_or_else(|| {
            super::errno::set(libc::ENOMEM);
            null_mut()
        }),
        Misuse::Interior => refuse(Entry::Realloc, block),
        Misuse::DoubleFree => refuse_freed(Entry::Realloc, block),
    }
}

/// The pointer is in our memory, but is not the start of a block.
#[cold]
pub(super) fn refuse(entry: Entry, block: *mut c_void) -> ! {
    end(entry, b": invalid pointer ", block)
}

/// The block was freed before.
#[cold]
fn refuse_freed(entry: Entry, block: *mut c_void) -> ! {
    end(entry, b": double free of ", block)
}

/// The core's handler: a cached block turned out to be none when it went home to its arena, so the
/// call that was wrong has long returned.
#[cold]
pub(crate) fn noticed_late(found: Misuse, address: usize) {
    let block = core::ptr::without_provenance_mut(address);
    match found {
        Misuse::DoubleFree => end(Entry::Free, b": an earlier double free of ", block),
        Misuse::Interior | Misuse::Foreign => {
            end(Entry::Free, b": an earlier invalid pointer ", block)
        }
    }
}

fn end(entry: Entry, what: &[u8], block: *mut c_void) -> ! {
    complain(&[entry.name(), what, hexadecimal(block.addr() as u64).as_bytes()]);
    // SAFETY: ends the process; nothing of ours is locked.
    unsafe { libc::abort() }
}
