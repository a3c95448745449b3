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
    inside::is_inside() && is_elsewhere(block as usize)
}

/// Whether an address is outside of the heap, exactly: behind a direct block, in the same granule, may
/// lie memory of the library's own.
fn is_elsewhere(address: usize) -> bool {
    !heapwarden_core::is_ours(address) || heapwarden_core::locate(address).is_none()
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

#[cfg(test)]
mod tests {
    use super::*;
    use heapwarden_core::BlockKind;

    #[test]
    fn what_lies_behind_a_direct_block_is_not_the_heaps() {
        let _inside = inside::enter();
        // Sizes that leave a rest of the last granule, wherever the mapping lies.
        let found = (1..64).find_map(|pages| {
            let block = heapwarden_core::allocate((4 << 20) + pages * 4096);
            let found = heapwarden_core::locate(block as usize).expect("just allocated");
            assert_eq!(found.kind, BlockKind::Direct);
            let end = found.block + found.size;
            heapwarden_core::is_ours(end).then_some((block, end))
        });
        let (block, end) = found.expect("a rest of a granule");
        assert!(!is_one(block));
        assert!(is_one(core::ptr::without_provenance_mut(end)));
    }
}
