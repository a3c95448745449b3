//! What is known of a block: from its record, or in profiles without records from its header.

use super::recover;
use crate::checked::large_block;
use crate::chunk::{Family, HEADER_BYTES, Header, Span, State};
use crate::evidence::{self, Record};
use crate::report::{BlockFacts, BlockState, Event};
use core::sync::atomic::Ordering::Relaxed;
use heapwarden_core::Place;

fn event(site: u32, thread: u16) -> Option<Event<'static>> {
    let frames = crate::site::frames(site);
    (!frames.is_empty()).then_some(Event { frames, thread: u32::from(thread), tid: 0 })
}

/// A block by its record.
pub fn by_record(record: &Record, payload: usize) -> Option<BlockFacts<'static>> {
    let state = match record.state() {
        State::Never => return None,
        State::Live => BlockState::Live,
        State::Quarantined | State::Free => BlockState::Freed,
    };
    let freed = match state {
        BlockState::Live => None,
        BlockState::Freed => event(record.freed_at.load(Relaxed), record.freed_by.load(Relaxed)),
    };
    Some(BlockFacts {
        address: payload,
        size: record.size.load(Relaxed),
        family: Family::from_index(record.family.load(Relaxed)),
        state,
        allocated: event(record.allocated_at.load(Relaxed), record.allocated_by.load(Relaxed)),
        freed,
        sequence: u64::from(record.sequence.load(Relaxed)),
    })
}

/// The block in slot `slot` of the slab that `place` lies in; `None` when it was never handed out
/// or nothing is known.
pub fn slot_block(place: &Place, slot: usize) -> Option<BlockFacts<'static>> {
    let start = place.first + slot * place.slot_bytes;
    let place = Place { slot, ..*place };
    if let Some(record) = evidence::existing_of_slot(&place)
        && record.state() != State::Never
    {
        let shift = (record.shift.load(Relaxed) as usize).max(HEADER_BYTES);
        return by_record(record, start + shift);
    }
    by_header(start, start + place.slot_bytes)
}

/// The block in a slot by its header, recovered if need be.
fn by_header(slot: usize, end: usize) -> Option<BlockFacts<'static>> {
    // SAFETY: a slot of a slab is mapped.
    let mut found = unsafe { Header::read(slot) };
    let mut payload = slot + HEADER_BYTES;
    if found.is_valid(slot) && found.is_leading() {
        payload = slot + found.slack();
        if found.state() != State::Live {
            return Some(freed_aligned(payload, end));
        }
        // SAFETY: a valid leading header leads into its slot.
        found = unsafe { Header::read(payload - HEADER_BYTES) };
    }
    let header = recover::header(found, payload - HEADER_BYTES, end - payload)?;
    let state = match header.state() {
        State::Never => return None,
        State::Live => BlockState::Live,
        State::Quarantined | State::Free => BlockState::Freed,
    };
    let size = match state {
        // A freed chunk's header keeps its slack only while it is quarantined.
        BlockState::Freed if header.state() == State::Free => end - payload,
        _ => (end - payload).saturating_sub(header.slack()),
    };
    Some(BlockFacts {
        address: payload,
        size,
        family: header.family(),
        state,
        allocated: None,
        freed: None,
        sequence: 0,
    })
}

/// A freed aligned block, of which the slot's header keeps the place and nothing else.
fn freed_aligned(payload: usize, end: usize) -> BlockFacts<'static> {
    BlockFacts {
        address: payload,
        size: end - payload,
        family: Family::Memalign,
        state: BlockState::Freed,
        allocated: None,
        freed: None,
        sequence: 0,
    }
}

/// The block that `address` lies in (or in whose slot it lies).
pub fn block_at(address: usize) -> Option<BlockFacts<'static>> {
    if let Some(place) = heapwarden_core::place(address) {
        return slot_block(&place, place.slot);
    }
    let (_, span, record) = large_block(address)?;
    by_record(record, span.payload)
}

/// A live block by its span.
pub fn by_span(span: &Span) -> BlockFacts<'static> {
    block_at(span.payload)
        .filter(|block| block.address == span.payload && block.size == span.size)
        // A large block that is being freed is no longer live by its record.
        .map(|block| BlockFacts { state: BlockState::Live, freed: None, ..block })
        .unwrap_or(BlockFacts {
            address: span.payload,
            size: span.size,
            family: Family::Malloc,
            state: BlockState::Live,
            allocated: None,
            freed: None,
            sequence: 0,
        })
}
