//! The live blocks of every call site, by a walk over the heap.
//!
//! Nothing is written but the figures beside the stacks, so the walk may be made in a process of
//! which every other thread stands still.

use super::{UNKNOWN, store, sums, sums::Sums};
use crate::chunk::State;
use crate::evidence::{self, Record};
use core::sync::atomic::Ordering::Relaxed;
use heapwarden_core::{BlockKind, Located};

/// Finds the live figures anew. One caller at a time.
pub fn gather() {
    clear(&UNKNOWN);
    store::visit(&mut |site, _| {
        if let Some(sums) = sums(site) {
            clear(sums);
        }
    });
    heapwarden_core::survey(&mut |found| {
        if let Some(record) = record_of(found)
            && record.state() == State::Live
            && let Some(sums) = sums(record.allocated_at.load(Relaxed))
        {
            let (blocks, bytes) = (&sums.live_blocks, &sums.live_bytes);
            blocks.store(blocks.load(Relaxed) + 1, Relaxed);
            bytes.store(bytes.load(Relaxed) + record.size.load(Relaxed) as u64, Relaxed);
        }
    });
}

fn clear(sums: &Sums) {
    sums.live_blocks.store(0, Relaxed);
    sums.live_bytes.store(0, Relaxed);
}

fn record_of(found: &Located) -> Option<&'static Record> {
    match found.kind {
        BlockKind::Small { .. } => {
            let place = heapwarden_core::place(found.block)?;
            evidence::existing_of_slot(&place)
        }
        _ => heapwarden_core::extension_of(found.block).and_then(evidence::of_large),
    }
}
