//! The page of a freed block, carried to the slot that is handed out next.
//!
//! Without that the kernel takes the page of a freed block back and clears another one for the next
//! block: most of what a pair of malloc and free costs. Carried, the freed slot is as empty and as
//! inaccessible as ever when `free` returns. The next slot stands accessible until it is handed out: it
//! is the oldest of the freed ones, which have waited for as long as they may, or was never used. What
//! the page has held is cleared. Where the last block in its new slot lay is still clear when the slot is
//! handed out, or a write to that block is reported.
//!
//! Invariant: whatever the kernel says about the move, the slot that stands ready is accessible, and clear
//! but for what the program wrote there meanwhile.
//! Cost: a system call, and two looks at what the blocks had of the page; saved are a page fault and the
//! release of a page.

use super::slot::{self, Slot};
use crate::checked::large;
use crate::chunk::{Span, State, fill};
use crate::detect;
use crate::evidence;
use crate::guard::layout::Layout;
use crate::guard::{pages, ready};
use core::ops::Range;
use core::sync::atomic::Ordering::Relaxed;
use heapwarden_core::os::{PAGE, page_move};
use heapwarden_core::{BlockKind, Located};

/// A slot that is to stand ready, whose page was just filled with another one's.
pub struct Carried {
    place: ready::Reserved,
    slot: Slot,
    /// The page that was filled, and where in it what it holds begins.
    page: usize,
    used: usize,
}

/// The data page of a block that is being freed, `[start, end)`, goes to the next slot, if that can be. It
/// is to be closed as always, and then the slot is to be settled.
///
/// # Safety
/// The block and its pages are the caller's.
pub unsafe fn away(found: &Located, span: &Span, start: usize, end: usize) -> Option<Carried> {
    let bytes = ready::PAGES * PAGE;
    let fits = end - start == PAGE && found.size == bytes && found.kind == BlockKind::Large;
    if !fits || !pages::can_move() {
        return None;
    }
    let front = (start - found.block) / PAGE;
    let place = ready::reserve(front)?;
    let shift = front * PAGE;
    let slot = slot::next(&Layout { pages: ready::PAGES, front, data: 1, alignment: PAGE, shift })?;
    let target = slot.base + shift;
    // A mapping of its own is not what pages are moved in.
    if heapwarden_core::locate(slot.base).is_some_and(|next| next.kind == BlockKind::Large) {
        // SAFETY: both pages are this thread's and lie in heaps. Whether it is moved matters for
        // nothing but the time.
        unsafe { page_move::move_page(start, target) };
    }
    let used = target + (span.slot.max(start) - start);
    Some(Carried { place, slot, page: target, used })
}

impl Carried {
    /// Clears what the page has held; from now on the slot can be taken.
    pub fn settle(self) {
        // SAFETY: the slot is this thread's, and its data page is open.
        unsafe {
            fill::write(self.used, self.page + PAGE, 0);
            if let Some(watched) = watched(&self.slot, self.page) {
                fill::write(watched.start, watched.end, 0);
            }
        }
        self.place.fill(self.slot.base);
    }
}

/// A slot that stands ready for a block of this layout.
pub fn take(layout: &Layout) -> Option<Slot> {
    if layout.pages != ready::PAGES || layout.data != 1 || layout.alignment > PAGE {
        return None;
    }
    let base = ready::take(layout.front)?;
    let record = heapwarden_core::extension_of(base).and_then(evidence::of_large)?;
    let slot = Slot { base, record, is_zero: false };
    if let Some(watched) = watched(&slot, base + layout.front * PAGE) {
        // SAFETY: taken out of its place, so this thread's; the page is open.
        if unsafe { !fill::holds(watched.start, watched.end, 0) } {
            tell_of_write(base, &watched);
        }
    }
    Some(slot)
}

/// Where the last block in a slot lay in the page that is open, in whole words: that is where its old
/// pointers lead to. There are none to a slot that nobody ever had.
fn watched(slot: &Slot, page: usize) -> Option<Range<usize>> {
    let start = slot.base + slot.record.shift.load(Relaxed) as usize;
    let end = start + slot.record.size.load(Relaxed);
    let (first, last) = (start.max(page) & !7, ((end + 7) & !7).min(page + PAGE));
    (slot.record.state() == State::Free && first < last).then_some(first..last)
}

/// Somebody has written to the page meanwhile.
#[cold]
fn tell_of_write(base: usize, watched: &Range<usize>) {
    if let Some((found, ..)) = large::find(base) {
        detect::ready_page(&found, watched, "check before reuse");
        detect::forget_told(watched.start, watched.end);
    }
}
