//! Handing out a checked block.

use super::guarded::Answer;
use super::quick::recorded;
use super::settings::{Settings, settings};
use super::{accounting, guarded, guardian, large, leave, verify, watched};
use crate::chunk::tail::Pattern;
use crate::chunk::{
    self, ALIGNMENT, Family, HEADER_BYTES, Header, SLOT_MIN, Span, State, fill, header,
};
use crate::door;
use crate::evidence;
use crate::guard::selection::selection;
use crate::guard::shortage;
use core::ptr::null_mut;
use heapwarden_core::size_class::{self, SMALL_MAX, TABLE};

/// A block of `size` bytes at a multiple of `alignment` (a power of two, at least 16). Null when
/// that is impossible or there is no memory.
#[inline]
pub fn allocate(size: usize, alignment: usize, family: Family, zeroed: bool) -> *mut u8 {
    let settings = settings();
    if settings.is_quick()
        && alignment <= ALIGNMENT
        && let Some(caller) = door::frame()
    {
        // SAFETY: whoever came in by that frame waits for this call.
        let block = unsafe { recorded::allocate(size, family, zeroed, caller) };
        if !block.is_null() {
            return block;
        }
    }
    if settings.is_watched() {
        return watched::allocate(size, alignment, family, zeroed);
    }
    if settings.guards {
        return chosen(size, alignment, family, zeroed);
    }
    unwatched(size, alignment, family, zeroed)
}

/// A guarded block if the choice falls on this request, else one like any other.
pub fn chosen(size: usize, alignment: usize, family: Family, zeroed: bool) -> *mut u8 {
    if selection().wants(size) {
        return guarded_or_not(size, alignment, family, zeroed);
    }
    unwatched(size, alignment, family, zeroed)
}

/// A guarded block if it can be had.
#[cold]
#[inline(never)]
fn guarded_or_not(size: usize, alignment: usize, family: Family, zeroed: bool) -> *mut u8 {
    let answer = guarded::allocate(size, alignment, family, zeroed);
    if let Answer::Block(block) = answer {
        return block;
    }
    let block = unwatched(size, alignment, family, zeroed);
    // What cannot be had in any way is the program's to notice.
    if matches!(answer, Answer::Short) && !block.is_null() {
        shortage::tell();
    }
    block
}

/// [`allocate`] itself.
#[inline(always)]
pub fn unwatched(size: usize, alignment: usize, family: Family, zeroed: bool) -> *mut u8 {
    let settings = settings();
    let Some(total) = chunk::slot_bytes(size, alignment, settings.tail_min) else {
        return null_mut();
    };
    if total > SMALL_MAX {
        return large::allocate(size, alignment, family, zeroed);
    }
    let class = size_class::class_of(total.max(SLOT_MIN));
    let slot = fresh_slot(settings, class);
    if slot == 0 {
        return null_mut();
    }
    let end = slot + TABLE[class].slot_bytes as usize;
    let span = chunk::span(slot, end, size, alignment);
    // SAFETY: the slot was just taken from the core, so it is ours alone, and the span lies in it.
    unsafe {
        Header(0).changing().put(slot);
        paint(settings, &span, zeroed);
        dress(settings, &span, family);
    }
    if settings.evidence {
        record(settings, &span, class, family);
    } else if settings.is_quick() {
        // A thread that only allocates has the short way opened here.
        let _ = guardian::current();
    }
    span.payload as *mut u8
}

/// A slot of `class` whose free state was verified; 0 when there is no memory.
#[inline(always)]
fn fresh_slot(settings: &Settings, class: usize) -> usize {
    loop {
        let mut slot = heapwarden_core::allocate_class(class) as usize;
        if slot == 0 {
            leave::empty_all();
            slot = heapwarden_core::allocate_class(class) as usize;
        }
        if slot == 0 {
            return 0;
        }
        let end = slot + TABLE[class].slot_bytes as usize;
        // SAFETY: the slot was just taken from the core.
        let found = unsafe { Header::read(slot) };
        if found.is_valid(slot) && found.state() == State::Never {
            return slot;
        }
        // SAFETY: as above; with a quarantine, the payload of a free slot is filled to its end.
        let intact = found.is_valid(slot)
            && matches!(found.state(), State::Free | State::Quarantined)
            && (!settings.quarantine
                || unsafe { fill::holds(slot + HEADER_BYTES, end, settings.free_fill) });
        if intact || verify::report_reused(slot, end, found) {
            return slot;
        }
    }
}

/// Writes headers and canaries.
///
/// # Safety
/// The span's slot is the caller's.
#[inline(always)]
pub unsafe fn dress(settings: &Settings, span: &Span, family: Family) {
    debug_assert!(span.end - span.tail() >= settings.tail_min);
    let header = Header::new(State::Live, family, span.end - span.tail());
    let pattern = Pattern::of(span.payload);
    // SAFETY: the caller's promise.
    unsafe {
        pattern.write(span.tail(), span.end);
        if span.is_shifted() {
            pattern.write(span.slot + HEADER_BYTES, span.header());
            header.inner().write(span.header());
            Header::leading(span.payload - span.slot).write(span.slot);
        } else {
            header.write(span.slot);
        }
    }
}

/// Gives the payload its first contents.
///
/// # Safety
/// The span's slot is the caller's.
#[inline(always)]
unsafe fn paint(settings: &Settings, span: &Span, zeroed: bool) {
    // SAFETY: the caller's promise.
    unsafe {
        if zeroed {
            fill::write(span.payload, span.tail(), 0);
        } else if let Some(byte) = settings.new_fill {
            fill::write(span.payload, span.tail(), byte);
        }
    }
}

/// Keeps the allocation's evidence.
fn record(settings: &Settings, span: &Span, class: usize, family: Family) {
    let Some(record) = evidence::of_slot(span.slot, class) else { return };
    let site = crate::site::here(settings.stack_depth);
    let (number, sequence) = stamp(settings, site, span.size);
    record.shift.store((span.payload - span.slot) as u32, core::sync::atomic::Ordering::Relaxed);
    record.sequence.store(sequence, core::sync::atomic::Ordering::Relaxed);
    record.note_allocation(span.size, family, site, number);
}

/// Counts an allocation; says by which thread it is, and when.
#[inline(always)]
pub fn stamp(settings: &Settings, site: u32, size: usize) -> (u16, u32) {
    let guardian = guardian::current().map(|guardian| {
        guardian.allocations = guardian.allocations.wrapping_add(1);
        &*guardian
    });
    accounting::allocated(settings, guardian, site, size);
    guardian.map_or((u16::MAX, 0), |guardian| (guardian.number, guardian.allocations))
}

const _: () = assert!(header::SLACK_MAX >= SMALL_MAX);
