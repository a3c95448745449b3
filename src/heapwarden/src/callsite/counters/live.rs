//! The live blocks of every call site, by a walk over the heap.
//!
//! Nothing is written but a list in memory of its own, so the walk may be made in a process of which
//! every other thread stands still.

use crate::callsite::sites;
use crate::chunk::State;
use crate::evidence::{self, Record};
use crate::mapped::List;
use core::sync::atomic::Ordering::Relaxed;
use heapwarden_core::{BlockKind, Located};

/// Live blocks and their bytes.
#[derive(Clone, Copy, Default)]
pub struct Live {
    pub blocks: u64,
    pub bytes: u64,
}

/// The live figures of every call site there is, by number. `None` without memory for them.
pub fn gather() -> Option<List<Live>> {
    let mut list = List::new();
    if !(0..=sites::count()).all(|_| list.push(Live::default())) {
        crate::shortage::tell();
        return None;
    }
    let figures = list.as_mut_slice();
    heapwarden_core::survey(&mut |found| {
        if let Some(record) = record_of(found)
            && record.state() == State::Live
            && let Some(live) = figures.get_mut(record.allocated_at.load(Relaxed) as usize)
        {
            live.blocks += 1;
            live.bytes += record.size.load(Relaxed) as u64;
        }
    });
    Some(list)
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
