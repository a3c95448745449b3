//! Large and direct blocks: a page run or a mapping of their own each.
//!
//! Their size and state are in a record, out of line, in every checked profile; the header before
//! the payload is a tripwire like any other. What was freed waits in [`waiting`].

pub mod waiting;

use super::release::Release;
use super::settings::{Settings, settings};
use super::{accounting, guarded, guardian, leave, release, verify};
use crate::chunk::{self, Family, HEADER_BYTES, Header, Span, State, fill, tail::Pattern};
use crate::detect;
use crate::evidence::{self, Record};
use core::ptr::null_mut;
use core::sync::atomic::Ordering::Relaxed;
use heapwarden_core::size_class::CLASSES;
use heapwarden_core::{BlockKind, Located};

/// A large block of `size` bytes at a multiple of `alignment`.
#[cold]
pub fn allocate(size: usize, alignment: usize, family: Family, zeroed: bool) -> *mut u8 {
    let settings = settings();
    // The block starts at a multiple of 16, the slot 8 bytes further in.
    let Some(total) = chunk::slot_bytes(size, alignment, settings.tail_min)
        .and_then(|bytes| bytes.checked_add(HEADER_BYTES))
    else {
        return null_mut();
    };
    let mut base = obtain(total, zeroed);
    if base.is_null() {
        leave::empty_all();
        base = obtain(total, zeroed);
    }
    let Some(found) = heapwarden_core::locate(base as usize) else { return null_mut() };
    let span = span_in(&found, size, alignment);
    let record = heapwarden_core::extension_of(found.block).and_then(evidence::attach);
    let Some(record) = record else {
        // SAFETY: just taken from the core and handed to nobody.
        let freed = unsafe { heapwarden_core::free(base) };
        debug_assert!(freed.is_ok());
        return null_mut();
    };
    // SAFETY: the block is ours and the span lies in it.
    unsafe {
        write_tripwires(&span, family);
        if let Some(byte) = settings.new_fill
            && !zeroed
            && found.kind == BlockKind::Large
        {
            fill::write(span.payload, span.tail(), byte);
        }
    }
    note(settings, record, &span, &found, family);
    span.payload as *mut u8
}

fn obtain(total: usize, zeroed: bool) -> *mut u8 {
    if zeroed { heapwarden_core::allocate_zeroed(total) } else { heapwarden_core::allocate(total) }
}

/// Where a payload of `size` lies in a core block.
pub fn span_in(found: &Located, size: usize, alignment: usize) -> Span {
    chunk::span(found.block + HEADER_BYTES, found.block + found.size, size, alignment)
}

/// Writes the header before the payload and the tail behind it.
///
/// # Safety
/// The span is in a block that is the caller's.
pub unsafe fn write_tripwires(span: &Span, family: Family) {
    // SAFETY: the caller's promise.
    unsafe {
        Pattern::of(span.payload).write(span.tail(), window_end(span));
        Header::new(State::Live, family, chunk::header::SLACK_MAX).write(span.header());
    }
}

/// The most bytes of a large block's tail that are canary: rounding up to pages must not make
/// pages resident.
pub const TAIL_MAX: usize = 4096;

/// Where the canary behind a large block ends: at a multiple of 8.
pub fn window_end(span: &Span) -> usize {
    span.end.min((span.tail() + TAIL_MAX) & !7)
}

fn note(settings: &Settings, record: &Record, span: &Span, found: &Located, family: Family) {
    let site = if settings.evidence { crate::site::here(settings.stack_depth) } else { 0 };
    let (number, sequence) = super::allocate::stamp(settings, site, span.size);
    record.shift.store((span.payload - found.block) as u32, Relaxed);
    record.sequence.store(sequence, Relaxed);
    record.note_allocation(span.size, family, site, number);
}

/// The block that `payload` is the start of, with its record.
pub fn find(payload: usize) -> Option<(Located, Span, &'static Record)> {
    // What realloc asks about is a slot's payload nearly always, which the page's class says at once.
    if (1..CLASSES).contains(&(heapwarden_core::class_at(payload) as usize)) {
        return None;
    }
    let found = heapwarden_core::locate(payload)?;
    let record = heapwarden_core::extension_of(found.block).and_then(evidence::of_large)?;
    let start = found.block + record.shift.load(Relaxed) as usize;
    let size = record.size.load(Relaxed);
    let (slot, end) = (found.block + HEADER_BYTES, found.block + found.size);
    let span = match record.is_guarded() {
        true => guarded::span_of(start, size),
        false => Span { slot, end, payload: start, size },
    };
    Some((found, span, record))
}

/// Frees a block that is no slot's payload.
///
/// # Safety
/// As for [`release::free`].
#[cold]
pub unsafe fn free(block: *mut u8, release: &Release) {
    let payload = block as usize;
    let Some((found, span, record)) = find(payload).filter(|found| found.1.payload == payload)
    else {
        return detect::bad_free(payload, Header(0), release);
    };
    if !record.take() {
        return detect::bad_free(payload, Header(0), release);
    }
    if record.is_guarded() {
        // SAFETY: `take` made the block ours.
        return unsafe { guarded::free(&found, &span, record, release) };
    }
    let settings = settings();
    let family = family_of(record);
    if !detect::release_agrees(&span, family, release) {
        detect::mismatch(&span, family, release);
    }
    // SAFETY: `take` made the block ours.
    unsafe {
        if !Pattern::of(span.payload).holds(span.tail(), window_end(&span)) {
            verify::report_tail(&span, release.what);
        }
        if !Header::read(span.header()).is_valid(span.header()) {
            verify::report_underflow(&span, release.what);
        }
        let guardian = guardian::current().map(|guardian| &*guardian);
        accounting::freed(settings, guardian, record, span.size);
        let number = guardian.map_or(u16::MAX, |guardian| guardian.number);
        record.note_release(release::free_site(settings), number);
        if settings.quarantine {
            waiting::wait(settings, &found, record);
        } else {
            give_back(found.block);
        }
    }
}

/// Makes room for `size` bytes behind the payload of a live run of pages, where it is. Returns the
/// block as it is now, its payload and size unchanged.
///
/// # Safety
/// The span is a live block's, which the caller alone uses.
pub unsafe fn lengthen(span: &Span, size: usize) -> Option<Span> {
    let base = span.slot - HEADER_BYTES;
    let bytes = (span.payload - base).checked_add(size)?.checked_add(settings().tail_min)?;
    let cleared = window_end(span);
    // SAFETY: the caller's promise: nobody else looks at the block or at its end.
    unsafe {
        if find(span.payload)?.0.kind != BlockKind::Large
            || !heapwarden_core::lengthen(base as *mut u8, bytes)
        {
            return None;
        }
        // What was canary becomes payload, and the new canary is the same.
        fill::write(span.tail(), cleared, 0);
        let end = base + heapwarden_core::usable_size(base as *const u8)?;
        Some(Span { end, ..*span })
    }
}

/// The family a record says.
pub fn family_of(record: &Record) -> Family {
    Family::from_index(record.family.load(Relaxed))
}

/// The core gets a block.
///
/// # Safety
/// The block is the caller's, and all of it is accessible.
pub unsafe fn give_back(base: usize) {
    // SAFETY: the block is the caller's.
    unsafe {
        if let Some(extension) = heapwarden_core::extension_of(base) {
            evidence::detach(extension);
        }
        let freed = heapwarden_core::free(base as *mut u8);
        debug_assert!(freed.is_ok());
    }
}

/// Whether a live block's tripwires hold, for the heap check.
///
/// # Safety
/// The span is a live block's.
pub unsafe fn tripwires_hold(span: &Span, record: &Record) -> bool {
    if record.is_guarded() {
        // SAFETY: the caller's promise.
        return unsafe { guarded::tripwires_hold(span) };
    }
    // SAFETY: the caller's promise.
    unsafe {
        Pattern::of(span.payload).holds(span.tail(), window_end(span))
            && Header::read(span.header()).is_valid(span.header())
    }
}
