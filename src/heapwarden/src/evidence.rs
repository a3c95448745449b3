//! Evidence: a record per block, out of line, for the profiles that explain.
//!
//! A slab's records are an array in private memory, found through the slab's word in the core;
//! a large or direct block has one record, in every checked profile, for its size is kept there.
//! A smashed header is explained by the record's copy of size and state.
//! Cost: 32 bytes per slot; a lookup through the page map, three stores.

use crate::checked::large_block;
use crate::chunk::{Family, Span, State};
use crate::door;
use crate::leaks::ignore;
use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{
    AtomicU8, AtomicU16, AtomicU32, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use heapwarden_core::layout::Fact;
use heapwarden_core::os::PAGE;
use heapwarden_core::size_class::{CLASSES, TABLE};
use heapwarden_core::{Place, PrivateHeap, Spot, field};

/// What is remembered of one block.
#[derive(Default)]
pub struct Record {
    /// Requested bytes.
    pub size: AtomicUsize,
    /// Call site of the allocation; 0 when unknown.
    pub allocated_at: AtomicU32,
    /// Call site of the free.
    pub freed_at: AtomicU32,
    /// When it was allocated, counted in allocations of its thread.
    pub sequence: AtomicU32,
    /// The allocating thread's number.
    pub allocated_by: AtomicU16,
    /// The freeing thread's number.
    pub freed_by: AtomicU16,
    /// A copy of the header's family.
    pub family: AtomicU8,
    /// A copy of the header's state; for large and direct blocks the one that counts.
    pub state: AtomicU8,
    /// The alignment that was asked for, as one more than its logarithm, or 0 when it was not stated;
    /// and [`IGNORED`].
    notes: AtomicU8,
    /// What is special about a guarded block ([`GUARDED`] and the rest); 0 for any other.
    pub guard: AtomicU8,
    /// How far the payload is from the slot's usual payload, for large alignments.
    pub shift: AtomicU32,
}

/// How an alignment (a power of two) is kept.
#[inline(always)]
fn alignment_note(alignment: usize) -> u8 {
    alignment.trailing_zeros() as u8 + 1
}

/// The program does not want to hear that the block leaked.
const IGNORED: u8 = 0x80;
/// The block lies among guard pages.
pub const GUARDED: u8 = 1;
/// Some of its pages may be accessible that should not be.
pub const OPENED: u8 = 2;
/// Protection, and not only marks, keeps some of its pages inaccessible.
pub const PROTECTED: u8 = 4;

const _: () = assert!(size_of::<Record>() == 32);

impl Record {
    /// Has the record brought into the processor's caches, to be written. A locked instruction waits for every
    /// store before it, and so for records that are not there.
    #[inline(always)]
    pub fn fetch(&self) {
        // SAFETY: the instruction changes no memory; where it is not known it does nothing.
        unsafe {
            core::arch::asm!("prefetchw [{}]", in(reg) self, options(nostack, preserves_flags));
        }
    }

    /// Notes an allocation.
    #[inline(always)]
    pub fn note_allocation(&self, size: usize, family: Family, site: u32, thread: u16) {
        self.size.store(size, Relaxed);
        self.allocated_at.store(site, Relaxed);
        self.allocated_by.store(thread, Relaxed);
        self.freed_at.store(0, Relaxed);
        self.family.store(family as u8, Relaxed);
        let stated = if family == Family::Rust { alignment_note(door::alignment()) } else { 0 };
        let ignored = if ignore::is_disabled() { IGNORED } else { 0 };
        self.notes.store(stated | ignored, Relaxed);
        // Release: pairs with the Acquire in `take`: who frees sees the rest of the record.
        self.state.store(State::Live as u8, Release);
    }

    /// Notes an allocation in a slot, whose payload starts where it usually does.
    #[inline(always)]
    pub fn note_fresh(&self, size: usize, family: Family, site: u32, thread: u16, sequence: u32) {
        self.shift.store(0, Relaxed);
        self.sequence.store(sequence, Relaxed);
        self.note_allocation(size, family, site, thread);
    }

    /// The alignment that it was asked for with, if that was stated.
    pub fn alignment(&self) -> Option<usize> {
        let stored = u32::from(self.notes.load(Relaxed) & !IGNORED);
        stored.checked_sub(1).and_then(|shift| 1usize.checked_shl(shift))
    }

    /// Whether it may have been asked for with this alignment.
    #[inline(always)]
    pub fn allows(&self, alignment: usize) -> bool {
        let stored = self.notes.load(Relaxed) & !IGNORED;
        stored == 0 || stored == alignment_note(alignment)
    }

    /// From now on the block counts as reachable; false if it is not live.
    pub fn ignore(&self) -> bool {
        let is_live = self.state() == State::Live;
        if is_live {
            self.notes.fetch_or(IGNORED, Relaxed);
        }
        is_live
    }

    /// Whether it counts as reachable in any case.
    pub fn is_ignored(&self) -> bool {
        self.notes.load(Relaxed) & IGNORED != 0
    }

    /// Whether the block lies among guard pages.
    pub fn is_guarded(&self) -> bool {
        self.guard.load(Relaxed) != 0
    }

    /// Notes a free.
    pub fn note_free(&self, site: u32, thread: u16) {
        self.freed_at.store(site, Relaxed);
        self.freed_by.store(thread, Relaxed);
        self.state.store(State::Quarantined as u8, Release);
    }

    /// Notes the free of a block that does not wait.
    pub fn note_gone(&self, thread: u16) {
        self.freed_by.store(thread, Relaxed);
        self.state.store(State::Free as u8, Release);
    }

    /// Moves a large or direct block from live to freed; false when it was not live. Nobody looks
    /// into it until it is noted as filled.
    pub fn take(&self) -> bool {
        // AcqRel: exactly one of several frees wins, and sees the record as it was written.
        self.state.compare_exchange(State::Live as u8, State::Free as u8, AcqRel, Acquire).is_ok()
    }

    /// Notes where and by whom a block that was taken was freed.
    pub fn note_release(&self, site: u32, thread: u16) {
        self.freed_at.store(site, Relaxed);
        self.freed_by.store(thread, Relaxed);
    }

    /// A large block that was taken is filled now: its fill can be verified.
    pub fn note_filled(&self) {
        // Release: pairs with the Acquire in `state`: who verifies sees the fill.
        self.state.store(State::Quarantined as u8, Release);
    }

    /// The state it says.
    pub fn state(&self) -> State {
        match self.state.load(Acquire) {
            1 => State::Live,
            2 => State::Quarantined,
            3 => State::Free,
            _ => State::Never,
        }
    }
}

fn layout_of_slab(class: u8) -> Layout {
    let class = &TABLE[class as usize];
    let slots = class.pages as usize * PAGE / class.slot_bytes as usize;
    // The sum is some tens of KiB, and a record's alignment is a power of two.
    match Layout::array::<Record>(slots) {
        Ok(layout) => layout,
        Err(_) => Layout::new::<Record>(),
    }
}

/// The record of the live or quarantined slot that starts at `slot`, of `class`; `None` when there
/// is no memory for its slab's.
#[inline]
pub fn of_slot(slot: usize, class: usize) -> Option<&'static Record> {
    of_spot(Spot::of(slot)?, class)
}

/// [`of_slot`], of a slot that was looked up.
#[inline(always)]
pub fn of_spot(spot: Spot, class: usize) -> Option<&'static Record> {
    let (extension, number) = spot.slab_word(class)?;
    // Acquire: pairs with the AcqRel that installed the records.
    let mut records = extension.load(Acquire);
    if records == 0 {
        records = install(extension, class as u8)?;
    }
    // SAFETY: the array has a record per slot, stays while the slab does, and records are atomics
    // for which zeroed memory is valid.
    Some(unsafe { &*(records as *const Record).add(number) })
}

/// The record of a slot if its slab has records already.
pub fn existing_of_slot(place: &Place) -> Option<&'static Record> {
    let records = place.extension.load(Acquire);
    // SAFETY: as above.
    (records != 0).then(|| unsafe { &*(records as *const Record).add(place.slot) })
}

/// The record of the block that `address` lies in, if there is one already.
pub fn of_block(address: usize) -> Option<&'static Record> {
    match heapwarden_core::place(address) {
        Some(place) => existing_of_slot(&place),
        None => large_block(address).map(|(_, _, record)| record),
    }
}

/// The record of a block that is live or was so just now, by its span, if there is one already: what
/// [`of_block`] finds, sooner.
#[inline]
pub fn of_span(span: &Span) -> Option<&'static Record> {
    let class = heapwarden_core::class_at(span.slot) as usize;
    if class.wrapping_sub(1) >= CLASSES - 1 {
        return large_block(span.payload).map(|(_, _, record)| record);
    }
    let (extension, number) = heapwarden_core::slab_word(span.slot, class)?;
    let records = extension.load(Acquire);
    // SAFETY: as in `of_slot`.
    (records != 0).then(|| unsafe { &*(records as *const Record).add(number) })
}

#[cold]
fn install(extension: &AtomicUsize, class: u8) -> Option<usize> {
    let layout = layout_of_slab(class);
    // SAFETY: the layout is not empty.
    let fresh = unsafe { PrivateHeap.alloc_zeroed(layout) };
    if fresh.is_null() {
        crate::shortage::tell();
        return None;
    }
    match extension.compare_exchange(0, fresh as usize, AcqRel, Acquire) {
        Ok(_) => Some(fresh as usize),
        Err(current) => {
            // SAFETY: just allocated with this layout and known to nobody.
            unsafe { PrivateHeap.dealloc(fresh, layout) };
            Some(current)
        }
    }
}

/// The core's hook: a slab goes, and its records with it.
pub fn retire(records: usize, class: u8) {
    // SAFETY: installed by `install` with this layout; the slab has no block any more.
    unsafe { PrivateHeap.dealloc(records as *mut u8, layout_of_slab(class)) };
}

/// A fresh record for a large or direct block.
pub fn attach(extension: &AtomicUsize) -> Option<&'static Record> {
    // SAFETY: the layout is not empty.
    let fresh = unsafe { PrivateHeap.alloc_zeroed(Layout::new::<Record>()) };
    if fresh.is_null() {
        return None;
    }
    // Release: pairs with the Acquire in `of_large`.
    extension.store(fresh as usize, Release);
    // SAFETY: private memory of a record's size, zeroed, which is a valid record.
    Some(unsafe { &*(fresh as *const Record) })
}

/// The record of a large or direct block.
pub fn of_large(extension: &AtomicUsize) -> Option<&'static Record> {
    let record = extension.load(Acquire);
    // SAFETY: set by `attach`; dropped only when the block goes back to the core.
    (record != 0).then(|| unsafe { &*(record as *const Record) })
}

/// Drops a large or direct block's record.
pub fn detach(extension: &AtomicUsize) {
    let record = extension.swap(0, AcqRel);
    if record != 0 {
        // SAFETY: allocated by `attach` with this layout, and taken out by this thread alone.
        unsafe { PrivateHeap.dealloc(record as *mut u8, Layout::new::<Record>()) };
    }
}

/// For debuggers.
pub static FACTS: [Fact; 14] = [
    Fact::number("Record", size_of::<Record>()),
    field!(Record, size),
    field!(Record, allocated_at),
    field!(Record, freed_at),
    field!(Record, sequence),
    field!(Record, allocated_by),
    field!(Record, freed_by),
    field!(Record, family),
    field!(Record, state),
    field!(Record, notes),
    Fact::number("record.ignored", IGNORED as usize),
    field!(Record, shift),
    field!(Record, guard),
    Fact::number("guard.guarded", GUARDED as usize),
];
