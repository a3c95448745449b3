//! `realloc` of checked blocks.
//!
//! A block stays where it is when its slot or run has the room; else it moves, and the old one is
//! freed like any other, quarantine included.

use super::allocate::{allocate, dress};
use super::release::{Release, free};
use super::settings::settings;
use super::{accounting, guarded, guardian, large, look, verify, watched};
use crate::chunk::{ALIGNMENT, Family, HEADER_BYTES, Header, Span, State, fill};
use crate::detect;
use core::ptr::{copy_nonoverlapping, null_mut};
use heapwarden_core::journey::{self, Step};
use heapwarden_core::size_class::{CLASSES, TABLE};

/// The live block that starts at `payload`, with its family. A damaged one is none.
pub fn live(payload: usize) -> Option<(Span, Family)> {
    let header_at = payload.wrapping_sub(HEADER_BYTES);
    let class = heapwarden_core::class_at(header_at) as usize;
    if class.wrapping_sub(1) >= CLASSES - 1 || payload & 15 != 0 {
        let (_, span, record) = large::find(payload)?;
        let live = span.payload == payload && record.state() == State::Live;
        return live.then(|| (span, large::family_of(record)));
    }
    // SAFETY: the page belongs to a slab, so its memory is mapped; the address is 8 mod 16.
    let found = unsafe { Header::read(header_at) };
    if !found.is_valid(header_at) || found.state() != State::Live || found.is_leading() {
        return None;
    }
    let span = if found.is_inner() {
        look::span_of_shifted(payload, found)?
    } else {
        let end = header_at + TABLE[class].slot_bytes as usize;
        Span { slot: header_at, end, payload, size: end - payload - found.slack() }
    };
    Some((span, found.family()))
}

/// Resizes a live block to `size` (not 0). Null when there is no memory (the block is kept) or
/// when it is no live block (after a report).
///
/// # Safety
/// As for `realloc`.
pub unsafe fn reallocate(block: *mut u8, size: usize, release: &Release) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        if settings().is_watched() {
            return watched::reallocate(block, size, release);
        }
        unwatched(block, size, release)
    }
}

/// [`reallocate`] itself.
///
/// # Safety
/// As for `realloc`.
pub unsafe fn unwatched(block: *mut u8, size: usize, release: &Release) -> *mut u8 {
    let payload = block as usize;
    let Some((span, family)) = live(payload) else {
        detect::bad_pointer(payload, release.what);
        return null_mut();
    };
    if !detect::release_agrees(&span, family, release) {
        detect::mismatch(&span, family, release);
    }
    // SAFETY: the caller's promise: a live block that only the caller uses.
    unsafe {
        verify::check_span(&span, release.what);
        // A guarded block's place among its pages depends on its size.
        let stays = !guarded::is_guarded(payload);
        if stays && fits(&span, size) {
            stay(&span, size, family);
            journey::note(Step::InPlace);
            return block;
        }
        if settings().grow_in_place
            && stays
            && size > span.size
            && let Some(longer) = large::lengthen(&span, size)
        {
            stay(&longer, size, family);
            journey::note(Step::InPlace);
            return block;
        }
        let alignment = release.alignment.map_or(ALIGNMENT, |stated| stated.max(ALIGNMENT));
        let moved = allocate(size, alignment, family, false);
        if !moved.is_null() {
            copy_nonoverlapping(block, moved, span.size.min(size));
            journey::note(Step::Moved);
            free(block, &Release { size: None, alignment: None, ..*release });
        }
        moved
    }
}

/// Whether a slot is right for `size`: large enough, and not more than twice too large.
fn fits(span: &Span, size: usize) -> bool {
    let room = span.end - span.payload;
    let Some(needed) = size.checked_add(settings().tail_min) else { return false };
    needed <= room && (needed > room / 2 || room <= 64)
}

/// Changes the size in place: headers and canaries are written anew.
unsafe fn stay(span: &Span, size: usize, family: Family) {
    let settings = settings();
    let resized = Span { size, ..*span };
    let guardian = guardian::current().map(|guardian| &*guardian);
    // SAFETY: the block is the caller's alone.
    unsafe {
        Header::read(span.slot).changing().put(span.slot);
        if let Some(byte) = settings.new_fill
            && size > span.size
        {
            fill::write(span.tail(), resized.tail(), byte);
        }
        match large::find(span.payload) {
            Some((_, _, record)) => {
                accounting::resized(settings, guardian, record, size);
                large::write_tripwires(&resized, family);
            }
            None => {
                dress(settings, &resized, family);
                if let Some(place) = heapwarden_core::place(span.slot)
                    && let Some(record) = crate::evidence::existing_of_slot(&place)
                {
                    accounting::resized(settings, guardian, record, size);
                }
            }
        }
    }
}
