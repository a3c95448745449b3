//! Memory for the library's own Rust code: the private heap, and for the thread that reports an
//! arena of its own.
//!
//! A report must not wait for the private heap's lock: the thread may have been interrupted, or have
//! faulted, while it held it. And symbolizing must end: when it takes too much memory or time, the
//! arena leads out of it (see `own_stack`), and the report is given with raw addresses.
//! Invariant: only the owner of the report lock touches the arena.
//! Cost: blocks are cut off one after the other and not reused; all of it goes at once.

use super::{lock, own_stack};
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use heapwarden_core::os::{mapping, now_ms, page_round};
use heapwarden_core::{PrivateHeap, alloc_surely};

/// The allocator for crates that contain this library and are not the program: the preload library.
pub struct PrivateMemory;

// SAFETY: blocks of the arena are disjoint, aligned and mapped until the arena is emptied, which
// `empty` allows only when none of them is used; all others are the private heap's.
unsafe impl GlobalAlloc for PrivateMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if lock::is_mine() {
            return with_arena(|arena| arena.allocate(&layout));
        }
        // SAFETY: the caller's promise. Rust's collections abort the process without memory.
        unsafe { alloc_surely(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if lock::is_mine() && with_arena(|arena| arena.free(block.addr(), &layout)) {
            return;
        }
        // SAFETY: not the arena's, so the private heap's.
        unsafe { PrivateHeap.dealloc(block, layout) };
    }
}

/// The largest arena: more than the debug information of a browser needs.
const ARENA_BYTES_MAX: usize = 1 << 30;
/// Above this size the arena is emptied after a report.
const KEPT_BYTES_MAX: usize = 64 << 20;
const CHUNK_BYTES: usize = 1 << 20;
const CHUNKS_MAX: usize = 4096;
/// How long one report may take.
const TIME_MS_MAX: u64 = 20_000;
/// Looking at the clock is a system call, so it is done every that many blocks.
const CLOCK_EVERY: u32 = 1024;

struct Arena {
    cursor: usize,
    end: usize,
    bytes: usize,
    chunks: [(usize, usize); CHUNKS_MAX],
    chunk_count: usize,
    blocks: u32,
    deadline: u64,
}

struct Shared(UnsafeCell<Arena>);

// SAFETY: only the owner of the report lock reaches it.
unsafe impl Sync for Shared {}

static ARENA: Shared = Shared(UnsafeCell::new(Arena {
    cursor: 0,
    end: 0,
    bytes: 0,
    chunks: [(0, 0); CHUNKS_MAX],
    chunk_count: 0,
    blocks: 0,
    deadline: 0,
}));

fn with_arena<R>(action: impl FnOnce(&mut Arena) -> R) -> R {
    // SAFETY: the caller owns the report lock, and `action` does not allocate.
    action(unsafe { &mut *ARENA.0.get() })
}

/// To be called at the start of a report: its time runs from now on.
pub(super) fn start_clock() {
    with_arena(|arena| arena.deadline = now_ms() + TIME_MS_MAX);
}

/// Whether the arena is so large that it should be emptied.
pub(super) fn is_large() -> bool {
    with_arena(|arena| arena.bytes > KEPT_BYTES_MAX)
}

/// Starts with an empty arena and leaves what it had where it is.
pub(super) fn abandon() {
    with_arena(|arena| {
        (arena.cursor, arena.end, arena.bytes, arena.chunk_count) = (0, 0, 0, 0);
    });
}

/// Gives all of the arena back.
///
/// # Safety
/// None of its blocks is used any more.
pub(super) unsafe fn empty() {
    with_arena(|arena| {
        let count = core::mem::take(&mut arena.chunk_count);
        for (address, bytes) in arena.chunks.iter().take(count) {
            // SAFETY: mapped by the arena; the caller promises that nobody uses it.
            unsafe { mapping::unmap(*address, *bytes) };
        }
        (arena.cursor, arena.end, arena.bytes) = (0, 0, 0);
    });
}

/// Whether the block gets a chunk of its own.
fn is_large_block(layout: &Layout) -> bool {
    layout.size() > CHUNK_BYTES / 4
}

impl Arena {
    fn allocate(&mut self, layout: &Layout) -> *mut u8 {
        self.blocks = self.blocks.wrapping_add(1);
        if self.blocks.is_multiple_of(CLOCK_EVERY) && now_ms() > self.deadline {
            own_stack::escape();
        }
        let start = self.cursor.next_multiple_of(layout.align());
        let address = match start.checked_add(layout.size()) {
            Some(end) if !is_large_block(layout) && self.cursor != 0 && end <= self.end => {
                self.cursor = end;
                start
            }
            _ => self.allocate_elsewhere(layout),
        };
        if address == 0 {
            own_stack::escape();
        }
        address as *mut u8
    }

    /// In a new chunk, or in one of its own. 0 when there is no memory.
    fn allocate_elsewhere(&mut self, layout: &Layout) -> usize {
        if is_large_block(layout) {
            return self.map(page_round(layout.size())).unwrap_or(0);
        }
        let Some(chunk) = self.map(CHUNK_BYTES) else { return 0 };
        (self.cursor, self.end) = (chunk + layout.size(), chunk + CHUNK_BYTES);
        chunk
    }

    fn map(&mut self, bytes: usize) -> Option<usize> {
        let entry = self.chunks.get_mut(self.chunk_count)?;
        if self.bytes.checked_add(bytes)? > ARENA_BYTES_MAX {
            return None;
        }
        let address = mapping::map(bytes)?;
        *entry = (address, bytes);
        self.chunk_count += 1;
        self.bytes += bytes;
        Some(address)
    }

    /// Whether the block is the arena's; then it is free.
    fn free(&mut self, block: usize, layout: &Layout) -> bool {
        let chunks = self.chunks.get_mut(..self.chunk_count).unwrap_or(&mut []);
        let holds = |&(start, bytes): &(usize, usize)| block.wrapping_sub(start) < bytes;
        let Some(position) = chunks.iter().position(holds) else { return false };
        let (start, bytes) = chunks[position];
        if is_large_block(layout) {
            let last = chunks.len() - 1;
            chunks.swap(position, last);
            self.chunk_count = last;
            self.bytes -= bytes;
            // SAFETY: a mapping for this block alone, which its user is done with.
            unsafe { mapping::unmap(start, bytes) };
        } else if block + layout.size() == self.cursor {
            // The last block: what is built and thrown away costs nothing.
            self.cursor = block;
        }
        true
    }
}
