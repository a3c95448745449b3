//! Writes that were told before they were done. With `on_error=continue` what an interceptor reports
//! happens all the same, and the traces it leaves are not to be told a second time.
//!
//! A note holds the bytes of the write and the block it was made through, and counts as long as that
//! block's slot has had no other owner. Where no records are kept, owners cannot be told apart: there
//! a note ends with the check at which the block leaves its owner.
//! Cost: nothing before the first report; then a look at a small table for damage that was found.
//! The table is a ring without a lock, for reports come from signal handlers: a note that is read
//! while it is replaced, or was replaced too soon, means that something is told twice.

use super::describe::block_at;
use crate::report::BlockFacts;
use core::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

const NOTES: usize = 256;

struct Note {
    /// The block's address; 0 when there is no note.
    block: AtomicUsize,
    sequence: AtomicU64,
    /// The bytes that were written: `from` is the first, `to` is behind the last.
    from: AtomicUsize,
    to: AtomicUsize,
}

static TABLE: [Note; NOTES] = [const {
    Note {
        block: AtomicUsize::new(0),
        sequence: AtomicU64::new(0),
        from: AtomicUsize::new(0),
        to: AtomicUsize::new(0),
    }
}; NOTES];

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A write of `size` bytes at `address` through `block` was told and is now done.
pub fn note(block: &BlockFacts<'_>, address: usize, size: usize) {
    let Some(note) = TABLE.get(NEXT.fetch_add(1, Relaxed) % NOTES) else { return };
    note.block.store(0, Relaxed);
    note.sequence.store(block.sequence, Relaxed);
    note.from.store(address, Relaxed);
    note.to.store(address.saturating_add(size), Relaxed);
    // Release: pairs with the Acquire in `is_told`: who sees the block sees the rest of its note.
    note.block.store(block.address, Release);
}

/// Whether the damaged bytes, of which `first` and `last` are given, come from a write that was told.
pub fn is_told(first: usize, last: usize) -> bool {
    TABLE.iter().any(|note| note.covers(first, last))
}

/// The damaged chunk at `[slot, end)` is about to get another owner.
pub fn forget(slot: usize, end: usize) {
    for note in &TABLE {
        let block = note.block.load(Acquire);
        if (slot..end).contains(&block) && note.sequence.load(Relaxed) == 0 {
            let _ = note.block.compare_exchange(block, 0, Relaxed, Relaxed);
        }
    }
}

impl Note {
    fn covers(&self, first: usize, last: usize) -> bool {
        // Acquire: pairs with the Release in `note`.
        let block = self.block.load(Acquire);
        if block == 0 || first < self.from.load(Relaxed) || last >= self.to.load(Relaxed) {
            return false;
        }
        match self.sequence.load(Relaxed) {
            0 => true,
            known => {
                block_at(block).is_some_and(|now| now.address == block && now.sequence == known)
            }
        }
    }
}
