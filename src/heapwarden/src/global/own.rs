//! What the library itself allocates when it is part of a Rust program: tables, and names for reports.
//! That comes to the program's allocator, and must not depend on a heap that may be damaged: it has
//! memory of its own. `free` tells the two apart by address.

use crate::inside;
use crate::report::PrivateMemory;
use core::alloc::{GlobalAlloc, Layout};

/// A block for the library's own work.
#[cold]
pub fn allocate(layout: Layout, zeroed: bool) -> *mut u8 {
    // SAFETY: whoever asks an allocator gives it a layout that is not empty.
    unsafe { if zeroed { PrivateMemory.alloc_zeroed(layout) } else { PrivateMemory.alloc(layout) } }
}

/// Whether a block that this thread gives back is such a one. They go back where they came from, in
/// the library.
#[inline(always)]
pub fn is_one(block: *mut u8) -> bool {
    inside::is_inside() && !heapwarden_core::is_ours(block as usize)
}

/// # Safety
/// As for `GlobalAlloc::dealloc`.
#[cold]
pub unsafe fn free(block: *mut u8, layout: Layout) {
    // SAFETY: the caller's promise.
    unsafe { PrivateMemory.dealloc(block, layout) };
}

/// # Safety
/// As for `GlobalAlloc::realloc`.
#[cold]
pub unsafe fn reallocate(block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { PrivateMemory.realloc(block, layout, size) }
}
