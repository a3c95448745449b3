//! Guarded blocks: handed out, taken back, and opened again after a report that was not the end.
//!
//! The record says what a slot is; the slot has it for as long as it is not the core's again. What
//! the last page has left over, the header and some of what lies before it are canary.
//! Cost: see [`crate::guard`].

use super::release::Release;
use super::settings::settings;
use super::{accounting, guardian, large, verify};
use crate::chunk::tail::Pattern;
use crate::chunk::{Family, HEADER_BYTES, Header, Span, State, fill, header};
use crate::evidence::{self, GUARDED, OPENED, PROTECTED, Record};
use crate::guard::layout::{self, Layout};
use crate::guard::selection::selection;
use crate::guard::{pages, shortage, slots};
use crate::{detect, inside, site};
use core::sync::atomic::Ordering::Relaxed;
use heapwarden_core::Located;
use heapwarden_core::os::PAGE;

/// The most bytes before the header that are canary.
pub const FRONT_MAX: usize = 512;

/// A slot whose data pages are open.
struct Slot {
    base: usize,
    record: &'static Record,
    is_zero: bool,
}

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
            && size < large::FILLED_MAX
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

/// Where the payload lies between the ends of what may be read around it.
pub fn span_of(payload: usize, size: usize) -> Span {
    let (start, end) = layout::data(payload, size);
    let header_at = payload - HEADER_BYTES;
    let has_room = header_at >= start && size > 0 && header_at.is_multiple_of(HEADER_BYTES);
    // Without room for a header nothing before the payload may be touched.
    let slot = match has_room {
        true => start.max(header_at.saturating_sub(FRONT_MAX)),
        false => payload,
    };
    Span { slot, end, payload, size }
}

unsafe fn write_tripwires(span: &Span, family: Family) {
    let pattern = Pattern::of(span.payload);
    // SAFETY: the caller's span lies in open pages.
    unsafe {
        pattern.write(span.tail(), large::window_end(span));
        if span.has_header() {
            pattern.write(span.slot + HEADER_BYTES, span.header());
            Header::new(State::Live, family, header::SLACK_MAX).write(span.header());
        }
    }
}

/// Whether the tripwires of a live guarded block hold.
///
/// # Safety
/// The span is such a block's.
pub unsafe fn tripwires_hold(span: &Span) -> bool {
    let pattern = Pattern::of(span.payload);
    // SAFETY: the caller's promise.
    unsafe {
        pattern.holds(span.tail(), large::window_end(span))
            && (!span.has_header()
                || pattern.holds(span.slot + HEADER_BYTES, span.header())
                    && Header::read(span.header()).is_valid(span.header()))
    }
}

/// Whether the block that starts at `payload` is guarded.
pub fn is_guarded(payload: usize) -> bool {
    settings().guards && large::find(payload).is_some_and(|(_, _, record)| record.is_guarded())
}

/// A slot for a block of this layout: a fresh one as long as freed ones may wait, then the oldest of
/// those.
fn obtain(layout: &Layout) -> Option<Slot> {
    let bytes = layout.data * PAGE;
    if !slots::reserve(bytes) {
        return None;
    }
    let slot = again(layout, false).or_else(|| fresh(layout)).or_else(|| again(layout, true));
    let slot = slot.or_else(|| {
        drain(true);
        fresh(layout)
    });
    if slot.is_none() {
        slots::release(bytes);
    }
    slot
}

/// The oldest freed slot.
fn again(layout: &Layout, in_need: bool) -> Option<Slot> {
    if layout.alignment > PAGE {
        return None;
    }
    let base = slots::take(layout.pages, in_need)?;
    let record = heapwarden_core::extension_of(base).and_then(evidence::of_large)?;
    let flags = record.guard.load(Relaxed);
    let start = base + layout.front * PAGE;
    // SAFETY: taken out of the queue, so this thread's; nobody may use its pages.
    unsafe {
        if flags & OPENED != 0 && !close(record, base, base + layout.pages * PAGE) {
            give_back(base);
            return None;
        }
        let protected = flags & PROTECTED != 0;
        if !pages::open_all(start, start + layout.data * PAGE, protected) {
            // Nobody could use these pages: they stay as they are.
            return None;
        }
        record.guard.store(flags & !OPENED, Relaxed);
        heapwarden_core::note_handed_on();
        Some(Slot { base, record, is_zero: !protected })
    }
}

/// A slot made of pages of the core.
fn fresh(layout: &Layout) -> Option<Slot> {
    if !pages::has_room() || !slots::add(layout.pages) {
        return None;
    }
    let slot = made(layout);
    if slot.is_none() {
        slots::remove(layout.pages);
    }
    slot
}

fn made(layout: &Layout) -> Option<Slot> {
    let bytes = layout.pages * PAGE;
    let (base, is_zero) = heapwarden_core::allocate_pages(bytes, layout.alignment);
    let base = base as usize;
    if base == 0 {
        return None;
    }
    let record = heapwarden_core::extension_of(base).and_then(evidence::attach);
    let Some(record) = record else {
        // SAFETY: just taken from the core and handed to nobody.
        let freed = unsafe { heapwarden_core::free(base as *mut u8) };
        debug_assert!(freed.is_ok());
        return None;
    };
    record.guard.store(GUARDED, Relaxed);
    let start = base + layout.front * PAGE;
    let end = start + layout.data * PAGE;
    // SAFETY: as above; the record says how it is guarded from now on.
    unsafe {
        if close(record, base, start) && close(record, end, base + bytes) {
            return Some(Slot { base, record, is_zero });
        }
        to_core(base);
    }
    None
}

/// Makes pages of a slot inaccessible. False when the kernel refuses.
unsafe fn close(record: &Record, start: usize, end: usize) -> bool {
    // SAFETY: the caller's pages.
    let way = unsafe { pages::close(start, end) };
    if way == Some(pages::Way::Protection) {
        let before = record.guard.fetch_or(PROTECTED, Relaxed);
        if before & PROTECTED == 0 {
            pages::count_protected(true);
        }
    }
    way.is_some()
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
        if !close(record, start, end) {
            record.guard.fetch_or(OPENED, Relaxed);
        }
        if !slots::put(found.block, found.size / PAGE) {
            give_back(found.block);
        }
    }
    drain(false);
}

/// Lets slots go that the queues have no room for, or `all`.
pub fn drain(all: bool) {
    while let Some(base) = slots::take_beyond(all) {
        // SAFETY: taken out of the queue, so this thread's.
        unsafe { give_back(base) };
    }
}

/// A slot leaves for good.
unsafe fn give_back(base: usize) {
    // SAFETY: the slot is the caller's.
    if let Some(bytes) = unsafe { to_core(base) } {
        slots::remove(bytes / PAGE);
    }
}

/// The core gets a slot back; `None` when nobody can use its pages any more.
unsafe fn to_core(base: usize) -> Option<usize> {
    let (found, _, record) = large::find(base)?;
    let protected = record.guard.load(Relaxed) & PROTECTED != 0;
    // SAFETY: the slot is the caller's.
    unsafe {
        if !pages::open_all(base, base + found.size, protected) {
            return None;
        }
        if protected {
            pages::count_protected(false);
        }
        large::give_back(base);
    }
    Some(found.size)
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
