//! The way out of the quarantine: from a thread's ring to the shared queue of the deep profiles, and
//! from there, or at once, to the core.

use super::guardian::{self, Guardian, OUTGOING};
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

/// A slot of `class` goes from the ring to the FIFO, or without one to the core.
///
/// # Safety
/// The slot is quarantined and the caller's.
#[inline(always)]
pub unsafe fn move_on(settings: &Settings, guardian: &mut Guardian, slot: usize, class: usize) {
    if settings.fifo_bytes == 0 {
        // SAFETY: the caller's.
        unsafe { leave(settings, slot, class) };
        return;
    }
    let bytes = TABLE[class].slot_bytes as usize;
    guardian.outgoing[guardian.outgoing_count] = Entry { address: slot, bytes };
    guardian.outgoing_count += 1;
    if guardian.outgoing_count == OUTGOING {
        flush_outgoing(settings, guardian);
    }
}

#[cold]
fn flush_outgoing(settings: &Settings, guardian: &mut Guardian) {
    let entries = &guardian.outgoing[..guardian.outgoing_count];
    let mut out = [Entry::default(); OUTGOING];
    let (queued, count) = DEEP.exchange(entries, settings.fifo_bytes, &mut out);
    // SAFETY: not queued, so still this thread's; or taken out of the queue.
    unsafe {
        leave_together(settings, &entries[queued..]);
        leave_together(settings, &out[..count]);
    }
    guardian.outgoing_count = 0;
    if count == out.len() {
        drain(settings, settings.fifo_bytes);
    }
}

/// Lets the oldest blocks go until the FIFO is within `budget`.
fn drain(settings: &Settings, budget: usize) {
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

/// How many slots ahead of the one that leaves are fetched: all of them have gone cold, and what is fetched
/// together takes no longer than one.
const AHEAD: usize = 4;

/// Slots leave the quarantine.
///
/// # Safety
/// They are quarantined and the caller's.
unsafe fn leave_together(settings: &Settings, entries: &[Entry]) {
    entries.iter().take(AHEAD).for_each(fetch);
    for (number, entry) in entries.iter().enumerate() {
        if let Some(ahead) = entries.get(number + AHEAD) {
            fetch(ahead);
        }
        // A slot has as many bytes as its class says.
        // SAFETY: the caller's promise.
        unsafe { leave(settings, entry.address, size_class::class_of(entry.bytes)) };
    }
}

/// Has a slot's memory brought into the processor's caches. What is far behind its start the processor
/// fetches by itself.
#[inline(always)]
fn fetch(entry: &Entry) {
    for line in (0..entry.bytes.min(FETCHED_MAX)).step_by(64) {
        // SAFETY: SSE is part of x86-64; a prefetch does nothing to memory.
        unsafe { _mm_prefetch::<_MM_HINT_T0>((entry.address + line) as *const i8) };
    }
}

/// The most bytes of a slot that are fetched.
const FETCHED_MAX: usize = 512;

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
    flush_outgoing(settings, guardian);
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
