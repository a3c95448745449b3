//! Between the rings and the queue of the deep profiles: a few slots of each thread that come from its rings, or
//! are to leave the quarantine.
//!
//! They share one array. A slot that comes takes the place of one that leaves, until all of them have come: then
//! they are queued, and as many that left the queue take their places. So the lock is taken once for all of them,
//! and what leaves is known some frees before its memory is looked at, and fetched meanwhile.
//! Cost: a slot in, a slot out; the lock once in [`OUTGOING`] frees.

use super::guardian::{Guardian, OUTGOING};
use super::leave::{AHEAD, DEEP, drain, fetch, leave, leave_as, leave_together};
use super::settings::Settings;
use crate::quarantine::fifo::Entry;
use core::mem::replace;
use heapwarden_core::size_class::TABLE;

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
    let coming = Entry { address: slot, bytes: TABLE[class].slot_bytes as usize };
    let place = guardian.outgoing_count;
    let leaving = replace(&mut guardian.outgoing[place], coming);
    guardian.outgoing_count = place + 1;
    if leaving.address != 0 {
        // SAFETY: it was taken out of the queue, so it is this thread's.
        unsafe { leave_as(settings, &leaving) };
    }
    if guardian.outgoing_count == OUTGOING {
        turn_over(settings, guardian);
    }
}

/// Has the memory of what leaves soon brought into the processor's caches: all of it has gone cold.
#[inline(always)]
pub fn fetch_next(guardian: &Guardian) {
    if let Some(ahead) = guardian.outgoing.get(guardian.outgoing_count + AHEAD) {
        fetch(ahead);
    }
}

/// What came goes to the queue, and as many of the oldest as there is no room for are to leave, one for each that
/// comes.
#[cold]
fn turn_over(settings: &Settings, guardian: &mut Guardian) {
    let mut going = [Entry::default(); OUTGOING];
    let (queued, count) = DEEP.exchange(&guardian.outgoing, settings.fifo_bytes, &mut going);
    let came = replace(&mut guardian.outgoing, going);
    guardian.outgoing_count = 0;
    guardian.outgoing.iter().take(AHEAD).for_each(fetch);
    // SAFETY: not queued, so still this thread's.
    unsafe { leave_together(settings, &came[queued..]) };
    if count == OUTGOING {
        drain(settings, settings.fifo_bytes);
    }
}

/// What came and has not been queued is queued, and what is to leave leaves.
pub fn flush(settings: &Settings, guardian: &mut Guardian) {
    let entries = replace(&mut guardian.outgoing, [Entry::default(); OUTGOING]);
    let (came, going) = entries.split_at(replace(&mut guardian.outgoing_count, 0));
    let queued = DEEP.push(came);
    // SAFETY: not queued, so still this thread's; or taken out of the queue.
    unsafe {
        leave_together(settings, &came[queued..]);
        leave_together(settings, going);
    }
    drain(settings, settings.fifo_bytes);
}
