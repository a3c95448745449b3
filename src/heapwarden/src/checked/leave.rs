//! The way out of the quarantine: from the shared queue of the deep profiles, or without one from a thread's
//! ring, to the core.

use super::guardian::{self, Guardian, OUTGOING};
use super::outgoing::{flush, move_on};
use super::settings::{Settings, settings};
use super::{guarded, large, verify};
use crate::chunk::fill::{self, Fill};
use crate::chunk::{HEADER_BYTES, Header};
use crate::guard::slots;
use crate::quarantine::fifo::{Entry, Fifo};
use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use heapwarden_core::size_class::{self, CLASSES, TABLE};

/// Blocks that left the rings, in the deep profiles.
pub static DEEP: Fifo = Fifo::new();

/// Lets the oldest blocks go until the FIFO is within `budget`.
pub fn drain(settings: &Settings, budget: usize) {
    let mut out = [Entry::default(); OUTGOING];
    loop {
        let count = DEEP.take_beyond(budget, usize::MAX, &mut out);
        // SAFETY: taken out of the queue, so this thread's.
        unsafe { leave_together(settings, &out[..count]) };
        if count < out.len() {
            return;
        }
    }
}

/// How many slots ahead of the one that leaves are fetched.
pub const AHEAD: usize = 2;

/// Slots leave the quarantine; an entry without an address is none.
///
/// # Safety
/// They are quarantined and the caller's.
pub unsafe fn leave_together(settings: &Settings, entries: &[Entry]) {
    entries.iter().take(AHEAD).for_each(fetch);
    for (number, entry) in entries.iter().enumerate() {
        if let Some(ahead) = entries.get(number + AHEAD) {
            fetch(ahead);
        }
        if entry.address != 0 {
            // SAFETY: the caller's promise.
            unsafe { leave_as(settings, entry) };
        }
    }
}

/// A slot leaves the quarantine.
///
/// # Safety
/// It is quarantined and the caller's.
#[inline(always)]
pub unsafe fn leave_as(settings: &Settings, entry: &Entry) {
    // A slot has as many bytes as its class says.
    // SAFETY: the caller's promise.
    unsafe { leave(settings, entry.address, size_class::class_of(entry.bytes)) }
}

/// Has a slot's memory brought into the processor's caches. What is far behind its start the processor
/// fetches by itself. A short slot's end is asked for several times, which takes less time than to guess wrong
/// how many lines it has.
#[inline(always)]
pub fn fetch(entry: &Entry) {
    if entry.address == 0 {
        return;
    }
    for line in 0..FETCHED_LINES {
        let place = entry.address + (64 * line).min(entry.bytes);
        // SAFETY: SSE is part of x86-64; a prefetch does nothing to memory.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place as *const i8) };
    }
}

/// The most lines of a slot that are fetched.
const FETCHED_LINES: usize = 8;

/// A slot of `class` leaves the quarantine: the core gets it. Its fill is verified now, or else no later than
/// when it is to be used again; its header, which then still says quarantined, is verified with it.
///
/// # Safety
/// The slot is quarantined and the caller's.
#[inline(always)]
pub unsafe fn leave(settings: &Settings, slot: usize, class: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if settings.verify_leaving {
            verify_leaving(settings, slot, class);
        }
        heapwarden_core::free_class(class, slot as *mut u8);
    }
}

/// # Safety
/// As for [`leave`].
unsafe fn verify_leaving(settings: &Settings, slot: usize, class: usize) {
    let end = slot + TABLE[class].slot_bytes as usize;
    // SAFETY: the caller's promise.
    unsafe {
        let found = Header::read(slot);
        let intact = found.is_valid(slot)
            && fill::lies(slot + HEADER_BYTES, end, Fill::of(settings.free_fill));
        if !intact {
            verify::report_left(slot, end, found);
            // Whatever stood there: a mark that is known as such is keyed to nothing.
            Header(0).changing().put(slot);
            fill::write(slot + HEADER_BYTES, end, settings.free_fill);
        }
        Header::free().write(slot);
    }
}

/// Empties a thread's rings.
pub fn empty_rings(guardian: &mut Guardian) {
    let settings = settings();
    for class in 1..CLASSES {
        let mut place = 0;
        loop {
            let slot = guardian.rings[class].take_from(&mut place);
            if slot == 0 {
                break;
            }
            // SAFETY: taken out of this thread's ring.
            unsafe { move_on(settings, guardian, slot, class) };
        }
    }
    flush(settings, guardian);
}

/// The core's hook: in a forked child, queues that another thread of the parent was changing start
/// empty.
pub fn repair_after_fork() {
    // SAFETY: the core calls this on the one thread that repairs.
    unsafe {
        DEEP.repair_after_fork();
        large::waiting::DEEP.repair_after_fork();
        slots::repair_after_fork();
    }
}

/// There is no memory: everything this thread can reach leaves the quarantine.
#[cold]
pub fn empty_all() {
    let settings = settings();
    if let Some(guardian) = guardian::current() {
        empty_rings(guardian);
    }
    drain(settings, 0);
    large::waiting::drain_all();
    guarded::drain(true);
    heapwarden_core::trim(0);
}
