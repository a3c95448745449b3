//! Verification of chunks where they lie: carving, the neighbours of a free, the whole heap.
//!
//! What a slot holds is [`look`]'s to say, and whether it stays that way [`patience`](super::patience)'s;
//! here is when to look, and what is told then.

use super::large;
use super::look::{Look, look, tail_holds};
use super::patience::{look_patiently, pause};
use super::settings::settings;
use crate::chunk::{Family, Header, Span, State, fill};
use crate::detect;
use heapwarden_core::{BlockKind, Located};

/// The core's hook: slots are about to be used, or to border used ones, for the first time.
pub fn carve(first: usize, bytes: usize, count: usize) {
    for slot in 0..count {
        // SAFETY: the core says that these slots lie in a slab and were never handed out.
        unsafe { Header::new(State::Never, Family::Malloc, 0).write(first + slot * bytes) };
    }
}

/// The core's hook: an empty slab may go when all its slots are intact. A damaged one stays, for
/// nothing can be reported under the arena's lock: the damage is found when the slot is used again,
/// or at exit.
pub fn may_go(first: usize, bytes: usize, carved: usize) -> bool {
    (0..carved).all(|slot| {
        let start = first + slot * bytes;
        look(start, start + bytes) == Look::Intact
    })
}

/// Reports what is wrong with a carved slot, if it still is. Returns whether it was.
fn report(slot: usize, end: usize, what: &'static str) -> bool {
    match look_patiently(slot, end) {
        Look::Intact => return false,
        Look::Header(_) => detect::header(slot, end, what),
        Look::Tail(span) => detect::tail(&span, what),
        Look::Fill(_) => detect::fill(slot, end, what),
    }
    true
}

/// Verifies one slot of the slab that `slot` lies in, by chance.
#[cold]
pub fn check_random_neighbour(slot: usize, random: usize) {
    if crate::on_demand::is_wanted() {
        crate::on_demand::take_up();
    }
    let Some(place) = heapwarden_core::place(slot) else { return };
    if place.carved == 0 {
        return;
    }
    let start = place.first + (random >> 8) % place.carved * place.slot_bytes;
    if look(start, start + place.slot_bytes) != Look::Intact {
        report(start, start + place.slot_bytes, "random check");
    }
}

/// Verifies the block that `payload` is, or was; only if it still is, with `live`. What is no block any
/// more is left alone.
pub fn check_block(payload: usize, live: bool, what: &'static str) {
    if let Some(place) = heapwarden_core::place(payload) {
        let start = place.first + place.slot * place.slot_bytes;
        let end = start + place.slot_bytes;
        if place.slot >= place.carved || live && is_freed(start) {
            return;
        }
        if look(start, end) != Look::Intact {
            report(start, end, what);
        }
    } else if let Some(found) = heapwarden_core::locate(payload)
        && large_is_damaged(found.block)
    {
        report_large(found.block, what);
    }
}

/// Whether a slot of a slab says of itself that it is no live block's.
fn is_freed(slot: usize) -> bool {
    // SAFETY: a slab's memory is mapped.
    let found = unsafe { Header::read(slot) };
    found.is_valid(slot) && found.state() != State::Live
}

/// Verifies a live block before it is used by `what`.
///
/// # Safety
/// The span is a live block's.
pub unsafe fn check_span(span: &Span, what: &'static str) {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some((_, _, record)) = large::find(span.payload) {
            if !large::tripwires_hold(span, record) {
                detect::tail(span, what);
            }
        } else if !tail_holds(span) {
            detect::tail(span, what);
        }
    }
}

/// The tail of a block that is being freed is damaged.
#[cold]
pub fn report_tail(span: &Span, what: &'static str) {
    detect::tail(span, what);
    detect::forget_told(span.slot, span.end);
}

/// The header of a large block that is being freed is damaged.
#[cold]
pub fn report_underflow(span: &Span, what: &'static str) {
    detect::large_header(span, what);
}

/// A slot that leaves the quarantine is damaged.
#[cold]
pub fn report_left(slot: usize, end: usize, found: Header) {
    if found.is_valid(slot) {
        detect::fill(slot, end, "quarantine check");
    } else {
        detect::header(slot, end, "quarantine check");
    }
    detect::forget_told(slot, end);
}

/// A slot that came from the core for reuse is not as it should be. Returns whether it can be used
/// all the same.
#[cold]
pub fn report_reused(slot: usize, end: usize, found: Header) -> bool {
    if !found.is_valid(slot) {
        detect::header(slot, end, "check before reuse");
        return true;
    }
    if matches!(found.state(), State::Free | State::Quarantined) {
        detect::fill(slot, end, "check before reuse");
        return true;
    }
    // A valid header says that the block is not free: whatever happened, it must not be given to
    // two owners.
    false
}

/// A run that leaves the quarantine is damaged.
#[cold]
pub fn report_large_fill(found: &Located) {
    detect::large_fill(found, "quarantine check");
}

/// The most damaged chunks that one check reports.
const REPORTED_MAX: usize = 32;

/// Verifies every chunk of the heap. Returns how many are damaged (counted up to 32).
pub fn check_heap(what: &'static str) -> usize {
    let mut suspects = [(0usize, 0usize, BlockKind::Large); REPORTED_MAX];
    let mut count = 0;
    // The walk holds locks: it only collects.
    heapwarden_core::survey(&mut |found| {
        if count < REPORTED_MAX && is_suspect(found) {
            suspects[count] = (found.block, found.block + found.size, found.kind);
            count += 1;
        }
    });
    suspects[..count]
        .iter()
        .filter(|(block, end, kind)| match kind {
            BlockKind::Small { .. } => report(*block, *end, what),
            _ => report_large(*block, what),
        })
        .count()
}

fn is_suspect(found: &Located) -> bool {
    match found.kind {
        BlockKind::Small { .. } => {
            let carved =
                heapwarden_core::place(found.block).is_some_and(|place| place.slot < place.carved);
            carved && look(found.block, found.block + found.size) != Look::Intact
        }
        _ => large_is_damaged(found.block),
    }
}

fn large_is_damaged(base: usize) -> bool {
    let Some((found, span, record)) = large::find(base) else { return false };
    // SAFETY: the record says which memory is readable: a live block's, and a waiting run's.
    unsafe {
        match record.state() {
            State::Live => !large::tripwires_hold(&span, record),
            State::Quarantined if found.kind == BlockKind::Large => {
                !fill::holds(found.block, found.block + found.size, settings().free_fill)
            }
            _ => false,
        }
    }
}

fn report_large(base: usize, what: &'static str) -> bool {
    pause();
    if !large_is_damaged(base) {
        return false;
    }
    let Some((found, span, record)) = large::find(base) else { return false };
    if record.state() != State::Live {
        detect::large_fill(&found, what);
    } else {
        detect::tail(&span, what);
    }
    true
}
