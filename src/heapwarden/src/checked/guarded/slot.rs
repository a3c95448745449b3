//! Slots for guarded blocks: where they come from, and where they go.

use super::carry;
use crate::checked::large;
use crate::evidence::{self, GUARDED, OPENED, PROTECTED, Record};
use crate::guard::layout::Layout;
use crate::guard::{pages, ready, slots};
use core::sync::atomic::Ordering::Relaxed;
use heapwarden_core::os::PAGE;

/// A slot whose data pages are open.
pub struct Slot {
    /// Where it starts.
    pub base: usize,
    /// Its record.
    pub record: &'static Record,
    /// Whether its data pages hold nothing yet.
    pub is_zero: bool,
}

/// A slot for a block of this layout: one that stands ready; else a fresh one as long as freed ones may
/// wait, then the oldest of those.
pub fn obtain(layout: &Layout) -> Option<Slot> {
    let bytes = layout.data * PAGE;
    if !slots::reserve(bytes) {
        return None;
    }
    let slot = carry::take(layout).or_else(|| next(layout)).or_else(|| again(layout, true));
    let slot = slot.or_else(|| {
        drain(true);
        fresh(layout)
    });
    if slot.is_none() {
        slots::release(bytes);
    }
    slot
}

/// The slot that is handed out next, if none is needed urgently.
pub fn next(layout: &Layout) -> Option<Slot> {
    again(layout, false).or_else(|| fresh(layout))
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
///
/// # Safety
/// The pages are the caller's, and nobody may use them.
pub unsafe fn close(record: &Record, start: usize, end: usize) -> bool {
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

/// Lets slots go that the queues have no room for, or `all`.
pub fn drain(all: bool) {
    while all && let Some(base) = ready::take_any() {
        // SAFETY: taken out of its place, so this thread's.
        unsafe { give_back(base) };
    }
    while let Some(base) = slots::take_beyond(all) {
        // SAFETY: taken out of the queue, so this thread's.
        unsafe { give_back(base) };
    }
}

/// A slot leaves for good.
///
/// # Safety
/// The slot is the caller's.
pub unsafe fn give_back(base: usize) {
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
