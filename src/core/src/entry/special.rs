//! Allocation with a wish: zeroed, or at a multiple of a power of two.

use super::allocate::{allocate, allocate_direct, allocate_large, allocate_slot};
use super::check_fork;
use crate::os::{PAGE, page_round};
use crate::pages::page_map::{self, GRANULE, Owner};
use crate::pages::run::LARGE_CLASS;
use crate::slabs::size_class::{self, SMALL_MAX};
use crate::{direct, journey, statistics};
use core::ptr;

/// A zeroed block of `size` bytes.
pub fn allocate_zeroed(size: usize) -> *mut u8 {
    let block = allocate(size);
    if !block.is_null() && !is_known_zero(block, size) {
        // SAFETY: the block has at least `size` bytes and is ours.
        unsafe { ptr::write_bytes(block, 0, size) };
    }
    block
}

/// Whether a block that was just handed out reads as zero: direct blocks are fresh mappings, and
/// large runs know whether their pages were ever used.
fn is_known_zero(block: *mut u8, size: usize) -> bool {
    if size <= SMALL_MAX {
        return false;
    }
    match page_map::owner_of(block as usize) {
        Some(Owner::Direct(_)) => true,
        // SAFETY: the block is live, so its heap and its run's descriptor are.
        Some(Owner::Heap(heap)) => unsafe {
            let page = (*heap).page_of(block as usize);
            (*heap).class(page) == LARGE_CLASS && (*(*heap).run(page)).clean
        },
        None => false,
    }
}

/// A block of `size` bytes at a multiple of `alignment`, a power of two.
pub fn allocate_aligned(size: usize, alignment: usize) -> *mut u8 {
    if alignment <= 16 {
        return allocate(size);
    }
    check_fork();
    journey::record("memalign", size, || {
        let block = allocate_aligned_any(size, alignment);
        statistics::note_request(size, block);
        block
    })
}

/// Whole pages, at a multiple of `alignment` (a power of two, at least a page): never a slot of a
/// slab. Null when there is no memory. Says as well whether they read as zero.
pub fn allocate_pages(bytes: usize, alignment: usize) -> (*mut u8, bool) {
    check_fork();
    let bytes = page_round(bytes.max(1));
    let fits_heap = alignment <= GRANULE / 2
        && bytes.checked_add(alignment).is_some_and(|sum| sum < direct::threshold());
    let block = if fits_heap {
        allocate_large(bytes / PAGE, alignment / PAGE)
    } else {
        allocate_direct(bytes, alignment)
    };
    (block, !block.is_null() && is_known_zero(block, usize::MAX))
}

fn allocate_aligned_any(size: usize, alignment: usize) -> *mut u8 {
    if alignment <= PAGE
        && let Some(class) = size_class::class_of_aligned(size, alignment)
    {
        return allocate_slot(class);
    }
    let fits_heap = alignment <= GRANULE / 2
        && size.checked_add(alignment).is_some_and(|sum| sum < direct::threshold());
    if fits_heap {
        let pages = page_round(size.max(1)) / PAGE;
        return allocate_large(pages, (alignment / PAGE).max(1));
    }
    allocate_direct(size, alignment)
}
