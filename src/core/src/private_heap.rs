//! Memory for the library itself, from mappings of its own.
//!
//! [`permanent`] is for descriptors that are never freed. [`PrivateHeap`] is a small general
//! allocator for cold work (symbolizing, tables): powers of two from 16 bytes to 2 KiB in free
//! lists, page runs to 128 KiB (`private_runs`), larger blocks mapped one by one. Its blocks are
//! never given to the program, so its free lists may live in them.
//! Some of that work is done by code that cannot go on without memory. Its requests are kept small
//! and, when the kernel has nothing more to give, served from a spare chunk ([`alloc_surely`]).
//! A signal handler may find that it interrupted its own thread in here, and has something to report: a second
//! heap serves it.
//! Cost: one lock per operation.

use crate::os::{PAGE, mapping, page_round};
use crate::private_runs::{RUN_BYTES_MAX, Runs};
use crate::sync::Locked;
use crate::thread::tls;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr;
use core::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
    compiler_fence,
};

const CHUNK_BYTES: usize = 256 * 1024;
const SMALLEST_SHIFT: usize = 4;
const LARGEST_SHIFT: usize = 11;
const LISTS: usize = LARGEST_SHIFT - SMALLEST_SHIFT + 1;

static METADATA_BYTES: AtomicU64 = AtomicU64::new(0);

struct State {
    cursor: usize,
    end: usize,
    /// Freed blocks by size; the first word of each leads to the next.
    free: [usize; LISTS],
    runs: Runs,
    /// What is left of the spare chunk.
    spare: (usize, usize),
}

/// How many lists were abandoned in forked children.
static EPOCH: AtomicUsize = AtomicUsize::new(0);

impl State {
    const fn new(epoch: usize) -> State {
        State { cursor: 0, end: 0, free: [0; LISTS], runs: Runs::new(epoch), spare: (0, 0) }
    }

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

    /// From the spare chunk. A used one is not filled up: what cannot do without memory is little.
    fn bump_spare(&mut self, bytes: usize, alignment: usize) -> *mut u8 {
        let aligned = (self.spare.0 + alignment - 1) & !(alignment - 1);
        if self.spare.0 == 0 || aligned + bytes > self.spare.1 {
            return ptr::null_mut();
        }
        self.spare.0 = aligned + bytes;
        aligned as *mut u8
    }
}

/// The heap, and the one for signal handlers that interrupted their own thread in the first. A small block may
/// be given to either; runs know by their epoch where they belong, and elsewhere are left as they are.
static STATES: [Locked<State>; 2] =
    [Locked::new(State::new(0)), Locked::new(State::new(epoch_of_second(0)))];

const fn epoch_of_second(epoch: usize) -> usize {
    usize::MAX - epoch
}

/// Runs `action` on the state that is this thread's to lock; `None` in a handler that interrupted a handler.
fn with<R>(action: impl FnOnce(&mut State) -> R) -> Option<R> {
    // SAFETY: the block is this thread's. The depth goes up before the lock is asked for, and down when it was
    // given back; volatile, as a signal handler on this thread reads it in between, and leaves it as it was.
    unsafe {
        let depth = &raw mut (*tls::block()).private_depth;
        let before = depth.read_volatile();
        depth.write_volatile(before + 1);
        compiler_fence(SeqCst);
        let result = STATES.get(usize::from(before)).map(|state| state.with(action));
        compiler_fence(SeqCst);
        depth.write_volatile(before);
        result
    }
}

/// Notes bytes mapped for the library's own use.
pub fn count_metadata(bytes: usize) {
    METADATA_BYTES.fetch_add(bytes as u64, Relaxed);
}

/// Notes that such bytes were given back.
pub fn discount_metadata(bytes: usize) {
    METADATA_BYTES.fetch_sub(bytes as u64, Relaxed);
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
    with(|state| state.bump(bytes, alignment)).unwrap_or_else(|| map_whole(bytes))
}

/// Puts the spare chunk aside; to be called while there is memory.
pub fn keep_spare() {
    let _ = with(|state| {
        if state.spare.0 == 0
            && let Some(chunk) = mapping::map(CHUNK_BYTES)
        {
            count_metadata(CHUNK_BYTES);
            state.spare = (chunk, chunk + CHUNK_BYTES);
        }
    });
}

/// As [`PrivateHeap`]'s `alloc`, for code that cannot go on without: small blocks come from the
/// spare chunk when there is no other memory.
///
/// # Safety
/// As for [`GlobalAlloc::alloc`].
pub unsafe fn alloc_surely(layout: Layout) -> *mut u8 {
    // SAFETY: the caller's promise.
    let block = unsafe { PrivateHeap.alloc(layout) };
    if !block.is_null() || list_of(&layout) >= LISTS {
        return block;
    }
    // Where it goes when it is freed depends on its size, so it has the size of its kind.
    let bytes = 1 << (list_of(&layout) + SMALLEST_SHIFT);
    with(|state| state.bump_spare(bytes, bytes)).unwrap_or(ptr::null_mut())
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
            if layout.align() <= PAGE && layout.size() <= RUN_BYTES_MAX {
                let pages = page_round(layout.size()) / PAGE;
                return with(|state| state.runs.take(pages)).unwrap_or(0) as *mut u8;
            }
            if layout.align() > PAGE {
                let bytes = page_round(layout.size());
                let address = mapping::map_own_aligned(bytes, layout.align()).unwrap_or(0);
                if address != 0 {
                    count_metadata(bytes);
                }
                return address as *mut u8;
            }
            return map_whole(layout.size());
        }
        let block = with(|state| {
            let freed = state.free[list];
            if freed == 0 {
                let bytes = 1 << (list + SMALLEST_SHIFT);
                return state.bump(bytes, bytes.min(PAGE));
            }
            // SAFETY: a listed block is ours, and its first word was written when it was freed.
            state.free[list] = unsafe { *(freed as *const usize) };
            freed as *mut u8
        });
        block.unwrap_or_else(|| map_whole(layout.size()))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        crate::entry::check_fork();
        let list = list_of(&layout);
        if list >= LISTS {
            if layout.align() <= PAGE && layout.size() <= RUN_BYTES_MAX {
                let pages = page_round(layout.size()) / PAGE;
                // SAFETY: the caller is done with the run, which has that many pages.
                let _ = with(|state| unsafe { state.runs.give(block as usize, pages) });
                return;
            }
            // SAFETY: blocks of these sizes are mappings of their own, and the caller is done.
            unsafe { mapping::unmap(block as usize, page_round(layout.size())) };
            discount_metadata(page_round(layout.size()));
            return;
        }
        let _ = with(|state| {
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
    let epoch = EPOCH.fetch_add(1, Relaxed) + 1;
    // SAFETY: the caller's promise. If nothing was torn, the lists stay with their epoch.
    unsafe {
        STATES[0].restart(State::new(epoch));
        STATES[1].restart(State::new(epoch_of_second(epoch)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Layout = Layout::new::<[usize; 4]>();
    const RUN: Layout = Layout::new::<[u8; 3 * PAGE]>();

    /// A block of either size, written to from end to end.
    fn taken(layout: Layout) -> *mut u8 {
        // SAFETY: the layout is not empty, and the block is as long.
        unsafe {
            let block = PrivateHeap.alloc(layout);
            assert!(!block.is_null());
            block.write_bytes(0x55, layout.size());
            block
        }
    }

    #[test]
    fn a_handler_that_interrupted_its_own_thread_in_here_is_served() {
        let outside = [taken(SMALL), taken(RUN)];
        let inside = with(|_| {
            // SAFETY: taken above with these layouts, and used no more.
            unsafe {
                PrivateHeap.dealloc(outside[0], SMALL);
                PrivateHeap.dealloc(outside[1], RUN);
            }
            // A handler that interrupts the handler: small blocks at least.
            let deeper = with(|_| taken(SMALL)).expect("the second heap");
            [taken(SMALL), taken(RUN), deeper, permanent(100, 16)]
        });
        let inside = inside.expect("the first heap");
        let again = [taken(SMALL), taken(RUN)];
        let mut all = [inside.as_slice(), &again].concat();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{all:?}");
        // SAFETY: taken above with these layouts, and used no more.
        unsafe {
            PrivateHeap.dealloc(inside[0], SMALL);
            PrivateHeap.dealloc(inside[1], RUN);
            PrivateHeap.dealloc(inside[2], SMALL);
            PrivateHeap.dealloc(again[0], SMALL);
            PrivateHeap.dealloc(again[1], RUN);
        }
        taken(RUN);
    }
}
