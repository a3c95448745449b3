//! The page of a freed block, carried to the slot that is handed out next.
//!
//! Without that the kernel takes the page of a freed block back and clears another one for the next
//! block: most of what a pair of malloc and free costs. Carried, the freed slot is as empty and as
//! inaccessible as ever when `free` returns. The next slot stands accessible until it is handed out: it
//! is the oldest of the freed ones, which have waited for as long as they may, or was never used. Its
//! page is cleared, and is still clear when it is handed out, or a write to a freed block is reported.
//!
//! Invariant: whatever the kernel says about the move, the slot that stands ready is clear.
//! Cost: a system call, and a visit to the page at each end; saved are a page fault and the release of
//! a page.

use super::slot::{self, Slot};
use crate::checked::large;
use crate::chunk::{State, fill};
use crate::detect;
use crate::evidence::{self, Record};
use crate::guard::layout::Layout;
use crate::guard::{pages, ready};
use heapwarden_core::os::{PAGE, page_move};
use heapwarden_core::{BlockKind, Located};

/// A slot that is to stand ready, whose page was just filled with another one's.
pub struct Carried {
    place: ready::Reserved,
    base: usize,
    front: usize,
}

/// The data pages of a block that is being freed go to the next slot, if that can be. They are to be
/// closed as always, and then the slot is to be settled.
///
/// # Safety
/// The block and its pages are the caller's.
pub unsafe fn away(found: &Located, start: usize, end: usize) -> Option<Carried> {
    let bytes = ready::PAGES * PAGE;
    let fits = end - start == PAGE && found.size == bytes && found.kind == BlockKind::Large;
    if !fits || !pages::can_move() {
        return None;
    }
    let front = (start - found.block) / PAGE;
    let place = ready::reserve(front)?;
    let shape =
        Layout { pages: ready::PAGES, front, data: 1, alignment: PAGE, shift: front * PAGE };
    let base = slot::next(&shape)?.base;
    // A mapping of its own is not what pages are moved in.
    if heapwarden_core::locate(base).is_some_and(|next| next.kind == BlockKind::Large) {
        // SAFETY: both pages are this thread's and lie in heaps. Whether it is moved matters for
        // nothing but the time.
        unsafe { page_move::move_page(start, base + front * PAGE) };
    }
    Some(Carried { place, base, front })
}

impl Carried {
    /// Clears the page; from now on the slot can be taken.
    pub fn settle(self) {
        let start = self.base + self.front * PAGE;
        // SAFETY: the slot is this thread's, and its data page is open.
        unsafe { fill::write(start, start + PAGE, 0) };
        self.place.fill(self.base);
    }
}

/// A slot that stands ready for a block of this layout.
pub fn take(layout: &Layout) -> Option<Slot> {
    if layout.pages != ready::PAGES || layout.data != 1 || layout.alignment > PAGE {
        return None;
    }
    let base = ready::take(layout.front)?;
    let record = heapwarden_core::extension_of(base).and_then(evidence::of_large)?;
    let start = base + layout.front * PAGE;
    // SAFETY: taken out of its place, so this thread's; the page is open.
    unsafe {
        if !fill::holds(start, start + PAGE, 0) {
            tell_of_write(base, start, record);
        }
    }
    Some(Slot { base, record, is_zero: true })
}

/// Somebody has written to the page meanwhile.
#[cold]
unsafe fn tell_of_write(base: usize, start: usize, record: &Record) {
    // Not to one that nobody ever had.
    if let Some((found, ..)) = large::find(base)
        && record.state() == State::Free
    {
        detect::ready_page(&found, start, "check before reuse");
        detect::forget_told(start, start + PAGE);
    }
    // SAFETY: the caller's page.
    unsafe { fill::write(start, start + PAGE, 0) };
}
