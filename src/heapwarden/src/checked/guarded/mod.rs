//! Guarded blocks: handed out, taken back, and opened again after a report that was not the end.
//!
//! The record says what a slot is; the slot has it for as long as it is not the core's again. Where
//! slots come from and go is [`slot`]'s, what stands around a block in its pages [`tripwires`]'s; the
//! page of a freed block may be [`carry`]'s, for the next one.
//! Cost: see [`crate::guard`].

mod carry;
mod slot;
mod tripwires;

use super::release::Release;
use super::settings::settings;
use super::{accounting, guardian, large, verify};
use crate::chunk::{Family, Span, fill};
use crate::evidence::{OPENED, PROTECTED, Record};
use crate::guard::layout::{self, Layout};
use crate::guard::selection::selection;
use crate::guard::{pages, shortage, slots};
use crate::{detect, inside, site};
use core::sync::atomic::Ordering::Relaxed;
use heapwarden_core::Located;
use heapwarden_core::os::PAGE;
use slot::{close, give_back, obtain};
use tripwires::write_tripwires;

pub use slot::drain;
pub use tripwires::{FRONT_MAX, span_of, tripwires_hold};

/// What came of a request that was to have guard pages; but for the first, the block is to be one like
/// any other.
pub enum Answer {
    /// The block.
    Block(*mut u8),
    /// Its place was not chosen.
    NotChosen,
    /// There are no pages, mappings or address space for it.
    Short,
}

/// A guarded block for a request that was chosen by all but its place.
#[cold]
pub fn allocate(size: usize, alignment: usize, family: Family, zeroed: bool) -> Answer {
    if inside::is_inside() {
        return Answer::NotChosen;
    }
    let settings = settings();
    let site = site::here(settings.stack_depth);
    if !selection().wants_from(site) {
        return Answer::NotChosen;
    }
    let alignment = selection().alignment(alignment);
    let layout = Layout::of(size, alignment, selection().side(site));
    let slot = layout.and_then(|layout| Some((layout, obtain(&layout)?)));
    let Some((layout, slot)) = slot else { return Answer::Short };
    shortage::note_guarded();
    let span = span_of(slot.base + layout.shift, size);
    // SAFETY: the slot is ours, its data pages are open, and the span lies in them.
    unsafe {
        if zeroed && !slot.is_zero {
            fill::write(span.payload, span.tail(), 0);
        } else if let Some(byte) = settings.new_fill
            && !zeroed
            && size < large::waiting::FILLED_MAX
        {
            fill::write(span.payload, span.tail(), byte);
        }
        write_tripwires(&span, family);
    }
    let (number, sequence) = super::allocate::stamp(settings, site, size);
    slot.record.shift.store(layout.shift as u32, Relaxed);
    slot.record.sequence.store(sequence, Relaxed);
    slot.record.note_allocation(size, family, site, number);
    Answer::Block(span.payload as *mut u8)
}

/// Whether the block that starts at `payload` is guarded.
pub fn is_guarded(payload: usize) -> bool {
    settings().guards && large::find(payload).is_some_and(|(_, _, record)| record.is_guarded())
}

/// A guarded block that was live until now is checked, and waits.
///
/// # Safety
/// The block is the caller's, who took it from its record.
#[cold]
pub unsafe fn free(found: &Located, span: &Span, record: &Record, release: &Release) {
    let settings = settings();
    let family = large::family_of(record);
    if !detect::release_agrees(span, family, release) {
        detect::mismatch(span, family, release);
    }
    // SAFETY: the block is the caller's, and its data pages are open.
    unsafe {
        if !tripwires_hold(span) {
            verify::report_tail(span, release.what);
        }
    }
    let guardian = guardian::current().map(|guardian| &*guardian);
    accounting::freed(settings, guardian, record, span.size);
    let number = guardian.map_or(u16::MAX, |guardian| guardian.number);
    record.note_release(site::here_freeing(settings.stack_depth), number);
    // SAFETY: as above.
    unsafe { retire(found, span, record) };
}

unsafe fn retire(found: &Located, span: &Span, record: &Record) {
    let (mut start, mut end) = layout::data(span.payload, span.size);
    slots::release(end - start);
    if record.guard.load(Relaxed) & OPENED != 0 {
        (start, end) = (found.block, found.block + found.size);
    }
    // SAFETY: the caller's block.
    unsafe {
        let carried = carry::away(found, span, start, end);
        if !close(record, start, end) {
            record.guard.fetch_or(OPENED, Relaxed);
        }
        if let Some(carried) = carried {
            carried.settle();
        }
        if !slots::put(found.block, found.size / PAGE) {
            give_back(found.block);
        }
    }
    drain(false);
}

/// After a report that was not the end: makes the page at `address` accessible, if it is a guarded
/// block's, so that the program can go on. What it finds there is not what it looked for.
pub fn reopen(address: usize) -> bool {
    let Some((_, _, record)) = large::find(address).filter(|found| found.2.is_guarded()) else {
        return false;
    };
    let flags = record.guard.fetch_or(OPENED, Relaxed);
    let start = address & !(PAGE - 1);
    // SAFETY: a page of a slot, which is closed as a whole before anybody else gets it.
    unsafe { pages::open_all(start, start + PAGE, flags & PROTECTED != 0) }
}
