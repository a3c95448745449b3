//! The bugs.

use crate::sequence::{Block, HEAP};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use std::alloc::{GlobalAlloc, Layout};

/// A bug, with what varies about it.
#[derive(Arbitrary, Debug, Clone, Copy)]
pub enum Bug {
    /// Bytes behind the block are changed.
    Overflow { count: u8, change: u8 },
    /// Bytes in front of it are changed.
    Underflow { count: u8, change: u8 },
    /// A byte of a freed block is changed.
    UseAfterFree { offset: u16, change: u8 },
    /// Freed twice.
    DoubleFree,
    /// An address inside of the block is freed.
    InvalidFree { offset: u16 },
    /// Freed with another size.
    WrongSize { size: u16 },
    /// Freed by C.
    WrongFamily,
}

/// Changes a byte for sure.
///
/// # Safety
/// The byte is mapped.
unsafe fn change(byte: *mut u8, by: u8) {
    // SAFETY: promised by the caller.
    unsafe { byte.write_volatile(byte.read_volatile() ^ by.max(1)) };
}

impl Bug {
    /// What it is to be called.
    pub fn kind(self) -> &'static str {
        match self {
            Bug::Overflow { .. } => "heap-buffer-overflow",
            Bug::Underflow { .. } => "heap-buffer-underflow",
            Bug::UseAfterFree { .. } => "heap-use-after-free",
            Bug::DoubleFree => "double-free",
            Bug::InvalidFree { .. } => "invalid-free",
            Bug::WrongSize { .. } => "layout-mismatch",
            Bug::WrongFamily => "alloc-dealloc-mismatch",
        }
    }

    /// Happens to the block at `position`.
    pub fn happen(self, blocks: &mut Vec<Block>, position: usize) {
        let Block { start, layout } = blocks[position];
        let size = layout.size();
        // SAFETY: none: these are bugs. What they write to is mapped: a slot's canary, which has at
        // least 8 bytes, its header, or a freed block that waits.
        unsafe {
            match self {
                Bug::Overflow { count, change: by } => {
                    for offset in 0..usize::from(count % 8) + 1 {
                        change(start.add(size + offset), by);
                    }
                }
                Bug::Underflow { count, change: by } => {
                    for offset in 1..usize::from(count % 4) + 2 {
                        change(start.sub(offset), by);
                    }
                }
                Bug::UseAfterFree { offset, change: by } => {
                    blocks.swap_remove(position);
                    HEAP.dealloc(start, layout);
                    change(start.add(usize::from(offset) % size), by);
                }
                Bug::DoubleFree => {
                    HEAP.dealloc(start, layout);
                    HEAP.dealloc(start, layout);
                }
                Bug::InvalidFree { offset } => {
                    let offset = usize::from(offset) % size;
                    let offset = if offset == 0 { 1 } else { offset };
                    let inside = start.add(offset);
                    let layout = Layout::from_size_align_unchecked(size, 1);
                    HEAP.dealloc(inside, layout);
                }
                Bug::WrongSize { size: other } => {
                    let other = usize::from(other).max(1);
                    let other = if other == size { other + 1 } else { other };
                    let wrong = Layout::from_size_align_unchecked(other, layout.align());
                    HEAP.dealloc(start, wrong);
                }
                Bug::WrongFamily => heapwarden::front::free(start.cast()),
            }
        }
    }
}
