//! Memory for the library itself, from mappings of its own.
//!
//! [`permanent`] is for descriptors that are never freed. [`PrivateHeap`] is a small general
//! allocator for cold work (symbolizing, tables): powers of two from 16 bytes to 32 KiB in free
//! lists, larger blocks mapped one by one. Its blocks are never given to the program, so its free
//! lists may live in them.
//! Cost: one lock per operation.

use crate::os::{PAGE, mapping, page_round};
use crate::sync::Locked;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

const CHUNK_BYTES: usize = 256 * 1024;
const SMALLEST_SHIFT: usize = 4;
const LARGEST_SHIFT: usize = 15;
const LISTS: usize = LARGEST_SHIFT - SMALLEST_SHIFT + 1;

static METADATA_BYTES: AtomicU64 = AtomicU64::new(0);

struct State {
    cursor: usize,
    end: usize,
    /// Freed blocks by size; the first word of each leads to the next.
    free: [usize; LISTS],
}

impl State {
    const EMPTY: State = State { cursor: 0, end: 0, free: [0; LISTS] };

    fn bump(&mut self, bytes: usize, alignment: usize) -> *mut u8 {
        let aligned = (self.cursor + alignment - 1) & !(alignment - 1);
        if self.cursor != 0 && aligned + bytes <= self.end {
            self.cursor = aligned + bytes;
            return aligned as *mut u8;
        }
        if bytes > CHUNK_BYTES / 4 {
            return map_whole(bytes);
        }
        let Some(chunk) = mapping::map(CHUNK_BYTES) else { return ptr::null_mut() };
        count_metadata(CHUNK_BYTES);
        (self.cursor, self.end) = (chunk + bytes, chunk + CHUNK_BYTES);
        chunk as *mut u8
    }
}

static STATE: Locked<State> = Locked::new(State::EMPTY);

/// Notes bytes mapped for the library's own use.
pub fn count_metadata(bytes: usize) {
    METADATA_BYTES.fetch_add(bytes as u64, Relaxed);
}

/// Bytes mapped for the library's own use.
pub fn metadata_bytes() -> u64 {
    METADATA_BYTES.load(Relaxed)
}

fn map_whole(bytes: usize) -> *mut u8 {
    let bytes = page_round(bytes);
    let Some(address) = mapping::map(bytes) else { return ptr::null_mut() };
    count_metadata(bytes);
    address as *mut u8
}

/// Zeroed memory that is never freed; `alignment` is at most a page. Null when there is none.
pub fn permanent(bytes: usize, alignment: usize) -> *mut u8 {
    debug_assert!(alignment <= PAGE);
    STATE.with(|state| state.bump(bytes, alignment))
}

/// The general allocator for the library's own cold work.
pub struct PrivateHeap;

fn list_of(layout: &Layout) -> usize {
    let bytes = layout.size().max(layout.align()).max(1 << SMALLEST_SHIFT);
    bytes.next_power_of_two().trailing_zeros() as usize - SMALLEST_SHIFT
}

// SAFETY: blocks are disjoint, aligned to their power-of-two size (or a page), and stay valid
// until deallocated with the layout they were asked for, which leads to the same list.
unsafe impl GlobalAlloc for PrivateHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        crate::entry::check_fork();
        let list = list_of(&layout);
        if list >= LISTS {
            if layout.align() > PAGE {
                let bytes = page_round(layout.size());
                let address = mapping::map_aligned(bytes, layout.align()).unwrap_or(0);
                if address != 0 {
                    count_metadata(bytes);
                }
                return address as *mut u8;
            }
            return map_whole(layout.size());
        }
        STATE.with(|state| {
            let freed = state.free[list];
            if freed == 0 {
                let bytes = 1 << (list + SMALLEST_SHIFT);
                return state.bump(bytes, bytes.min(PAGE));
            }
            // SAFETY: a listed block is ours, and its first word was written when it was freed.
            state.free[list] = unsafe { *(freed as *const usize) };
            freed as *mut u8
        })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        crate::entry::check_fork();
        let list = list_of(&layout);
        if list >= LISTS {
            // SAFETY: blocks of these sizes are mappings of their own, and the caller is done.
            unsafe { mapping::unmap(block as usize, page_round(layout.size())) };
            METADATA_BYTES.fetch_sub(page_round(layout.size()) as u64, Relaxed);
            return;
        }
        STATE.with(|state| {
            // SAFETY: the block is ours again, at least 16 bytes and aligned to 16.
            unsafe { *(block as *mut usize) = state.free[list] };
            state.free[list] = block as usize;
        });
    }
}

/// Puts the private heap in order in a forked child.
///
/// # Safety
/// Only the repairing thread runs.
pub unsafe fn repair_after_fork() {
    // SAFETY: the caller's promise.
    unsafe { STATE.restart(State::EMPTY) };
}
