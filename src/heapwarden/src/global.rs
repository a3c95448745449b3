//! [`Heapwarden`]: the allocator for `#[global_allocator]`.

use crate::checked::{self, Release};
use crate::chunk::Family;
use crate::{at_exit, front, start};
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{copy_nonoverlapping, write_bytes};

/// What every block has without asking.
const ALIGNMENT_MIN: usize = 16;

/// The Heapwarden allocator, for Rust programs.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: heapwarden::Heapwarden = heapwarden::Heapwarden::new();
///
/// let words = vec!["on", "our", "heap"];
/// assert_eq!(words.concat(), "onourheap");
/// ```
///
/// The options come from `HEAPWARDEN_OPTIONS`, read at the first allocation. C code in the same
/// program keeps libc's malloc.
pub struct Heapwarden(());

impl Heapwarden {
    /// The allocator. All values of this type are the same heap.
    pub const fn new() -> Heapwarden {
        Heapwarden(())
    }
}

impl Default for Heapwarden {
    fn default() -> Heapwarden {
        Heapwarden::new()
    }
}

// SAFETY: the core hands out blocks that do not overlap, at least as large and aligned as asked;
// nothing here unwinds.
unsafe impl GlobalAlloc for Heapwarden {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= ALIGNMENT_MIN {
            let block = heapwarden_core::allocate_fast(layout.size());
            if !block.is_null() {
                return block;
            }
        }
        allocate_slow(layout)
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: a live block of this allocator, by the trait's contract.
        unsafe { front::delete(block.cast(), &release(layout, "dealloc")) };
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if checked::settings().active {
            return checked::allocate(layout.size(), aligned(layout), Family::Rust, true);
        }
        if layout.align() <= ALIGNMENT_MIN {
            begin();
            return heapwarden_core::allocate_zeroed(layout.size());
        }
        let block = allocate_slow(layout);
        if !block.is_null() {
            // SAFETY: a new block of that size.
            unsafe { write_bytes(block, 0, layout.size()) };
        }
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if checked::settings().active && layout.align() <= ALIGNMENT_MIN {
            // SAFETY: as below.
            return unsafe { checked::reallocate(block, new_size, &release(layout, "realloc")) };
        }
        if layout.align() <= ALIGNMENT_MIN {
            // SAFETY: a live block and a size above 0, by the trait's contract.
            return unsafe { front::realloc(block.cast(), new_size) }.cast();
        }
        // SAFETY: a live block of this layout, by the trait's contract.
        unsafe { move_aligned(block, layout, new_size) }
    }
}

/// The first request of a thread, an empty cache, a large size or alignment, or no memory.
#[cold]
#[inline(never)]
fn allocate_slow(layout: Layout) -> *mut u8 {
    begin();
    if checked::settings().active {
        return checked::allocate(layout.size(), aligned(layout), Family::Rust, false);
    }
    if layout.align() <= ALIGNMENT_MIN {
        heapwarden_core::allocate_slow(layout.size())
    } else {
        heapwarden_core::allocate_aligned(layout.size(), layout.align())
    }
}

/// How Rust gives a block back: with its layout.
fn release(layout: Layout, what: &'static str) -> Release {
    Release {
        family: Family::Rust,
        what,
        size: Some(layout.size()),
        alignment: Some(layout.align()),
    }
}

fn aligned(layout: Layout) -> usize {
    layout.align().max(ALIGNMENT_MIN)
}

/// In the preload library a constructor does this; a Rust program has its first allocation.
fn begin() {
    start::ensure();
    at_exit::install();
}

/// The core's resizing keeps no alignment above its own.
///
/// # Safety
/// `block` is a live block of `layout`, and not used afterwards unless null is returned.
unsafe fn move_aligned(block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
    let moved = match Layout::from_size_align(new_size, layout.align()) {
        Ok(layout) => allocate_slow(layout),
        Err(_) => return core::ptr::null_mut(),
    };
    if !moved.is_null() {
        // SAFETY: both blocks are live, do not overlap, and are at least that long.
        unsafe { copy_nonoverlapping(block, moved, layout.size().min(new_size)) };
        // SAFETY: promised by the caller; its contents were moved.
        unsafe { front::delete(block.cast(), &release(layout, "realloc")) };
    }
    moved
}
