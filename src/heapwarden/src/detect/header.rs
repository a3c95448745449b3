//! A header that fails its check: whose write was it?
//!
//! A write past the slot below damages that slot's tail on its way, so a damaged tail there makes
//! it an overflow of that block. Otherwise, when the header's upper bytes are damaged and its
//! check is whole, somebody wrote just before this block's payload: an underflow. What is left
//! can be pinned on nobody.

use super::tell::{Shown, UNSEEN_WRITE, deliver, facts};
use super::{describe, recover, told};
use crate::checked::{TAIL_MAX, settings};
use crate::chunk::tail::Pattern;
use crate::chunk::{HEADER_BYTES, Header, Span, fill};
use crate::report::{BlockFacts, BlockState, Facts, Kind};
use heapwarden_core::Place;

/// The header at the start of `slot`, or the one it leads to, is damaged.
#[cold]
pub fn header(slot: usize, end: usize, what: &'static str) {
    let Some(place) = heapwarden_core::place(slot) else { return };
    if place.slot > 0 && neighbour_did_it(&place, slot, what) {
        return;
    }
    let own = describe::slot_block(&place, place.slot);
    // SAFETY: a slot of a slab is mapped.
    let first = unsafe { Header::read(slot) };
    let header_at = match own {
        Some(block) => block.address - HEADER_BYTES,
        None if first.is_valid(slot) && first.is_leading() => slot + first.slack() - HEADER_BYTES,
        None => slot,
    };
    // SAFETY: as above; a valid leading header leads into its slot.
    let found = unsafe { Header::read(header_at) };
    let expected = recover::header(found, header_at, end - header_at);
    let kind = if expected.is_some() { Kind::HeapBufferUnderflow } else { Kind::HeapCorruption };
    tell(kind, header_at, own, found, expected, what);
}

/// The header of a large block is damaged: nothing lies below it but its own first bytes.
#[cold]
pub fn large_header(span: &Span, what: &'static str) {
    // SAFETY: the span is a live block's.
    let found = unsafe { Header::read(span.header()) };
    let own = Some(describe::by_span(span));
    let family = crate::checked::large_block(span.payload)
        .map_or(crate::chunk::Family::Malloc, |(_, _, record)| crate::checked::family_of(record));
    let expected = Header::new(crate::chunk::State::Live, family, crate::chunk::header::SLACK_MAX)
        .sealed(span.header());
    tell(Kind::HeapBufferUnderflow, span.header(), own, found, Some(expected), what);
}

fn tell(
    kind: Kind,
    header_at: usize,
    own: Option<BlockFacts<'_>>,
    found: Header,
    expected: Option<Header>,
    what: &'static str,
) {
    // What stood there before is not known when nothing of it is left: all of it is shown.
    let whole = expected.unwrap_or(Header(!found.0)).0.to_ne_bytes();
    let expected_at = |address: usize| whole[address - header_at];
    let changed_bytes =
        found.0.to_ne_bytes().iter().zip(whole).filter(|(found, whole)| **found != *whole).count();
    // SAFETY: eight bytes of a mapped slot.
    let changed = unsafe { fill::changed(header_at, header_at + HEADER_BYTES, expected_at) };
    let (first, last) =
        changed.map_or((header_at, header_at), |changed| (changed.first, changed.last));
    if told::is_told(first, last) {
        return;
    }
    // SAFETY: as above.
    let shown = unsafe { Shown::read(first, header_at + HEADER_BYTES, expected_at) };
    let start = own.map_or(header_at + HEADER_BYTES, |block| block.address);
    let offset = first as isize - start as isize;
    deliver(Facts {
        access: UNSEEN_WRITE,
        block: own,
        damage: Some(shown.canary(offset, changed_bytes)),
        ..facts(kind, first, what)
    });
    // The block is not taken back and stays as it is, for every later check to find.
    if let Some(block) = own {
        told::note(&block, header_at, HEADER_BYTES);
    }
}

/// Whether the block in the slot below wrote past its end; if so, it is reported.
fn neighbour_did_it(place: &Place, slot: usize, what: &'static str) -> bool {
    let Some(below) = describe::slot_block(place, place.slot - 1) else { return false };
    let from = match below.state {
        BlockState::Live => below.address + below.size,
        BlockState::Freed => below.address,
    };
    let pattern = Pattern::of(below.address);
    let byte = settings().free_fill;
    let expected = |address| match below.state {
        BlockState::Live => pattern.byte_at(address),
        BlockState::Freed => byte,
    };
    let from = from.max(slot.saturating_sub(TAIL_MAX));
    // SAFETY: the slot below is mapped.
    let Some(changed) = (unsafe { fill::changed(from, slot, expected) }) else { return false };
    if told::is_told(changed.first, changed.last) {
        return true;
    }
    // SAFETY: as above.
    let shown = unsafe { Shown::read(changed.first, slot, expected) };
    let kind = match below.state {
        BlockState::Live => Kind::HeapBufferOverflow,
        BlockState::Freed => Kind::HeapUseAfterFree,
    };
    let offset = changed.first as isize - below.address as isize;
    deliver(Facts {
        access: UNSEEN_WRITE,
        block: Some(below),
        damage: Some(shown.canary(offset, changed.count)),
        neighbour: describe::slot_block(place, place.slot),
        ..facts(kind, changed.first, what)
    });
    true
}
