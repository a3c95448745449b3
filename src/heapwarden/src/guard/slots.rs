//! The freed slots: inaccessible, first in, first out, one queue per number of pages.
//!
//! They hold address space and page tables, no pages. A slot is handed out again when the queues hold
//! as much as they may, or when nothing else is to be had: as late as possible, for until then every
//! access to the freed block faults. In that steady state a free and the next malloc exchange one slot
//! for another, and the core is not asked.
//! Cost: a lock and a copy for each operation.

use crate::options::Options;
use crate::quarantine::fifo::{Entry, Fifo};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use heapwarden_core::os::PAGE;

/// Slots of so many pages or more share the last queue, and are not handed out again.
const LONG: usize = 32;

static QUEUES: [Fifo; LONG + 1] = [const { Fifo::new() }; LONG + 1];
/// What each queue counts for, and all of them.
static HELD: [AtomicUsize; LONG + 1] = [const { AtomicUsize::new(0) }; LONG + 1];
static BYTES: AtomicUsize = AtomicUsize::new(0);
static BYTES_MAX: AtomicUsize = AtomicUsize::new(0);
/// Memory of live guarded blocks.
static LIVE: AtomicUsize = AtomicUsize::new(0);
static LIVE_MAX: AtomicUsize = AtomicUsize::new(usize::MAX);
/// Address space of all slots, live and freed.
static SPACE: AtomicUsize = AtomicUsize::new(0);
static SPACE_MAX: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Sets the bounds.
pub fn start(options: &Options) {
    let mib = |number: u32| (number as usize).saturating_mul(1 << 20);
    BYTES_MAX.store(mib(options.guard_quarantine_mb), Relaxed);
    let most = match options.guard_mb {
        0 => heapwarden_core::os::memory_bytes().map_or(usize::MAX, |bytes| bytes / 2),
        chosen => mib(chosen),
    };
    LIVE_MAX.store(most, Relaxed);
    if let Some(limit) = heapwarden_core::os::address_space_bytes() {
        // Most of it is for the program: a small block takes three pages here.
        SPACE_MAX.store(limit / 8, Relaxed);
    }
}

/// Whether there is address space for another slot of so many pages, which is counted then.
pub fn add(pages: usize) -> bool {
    let bytes = pages * PAGE;
    let fits = SPACE.fetch_add(bytes, Relaxed).saturating_add(bytes) <= SPACE_MAX.load(Relaxed);
    if !fits {
        SPACE.fetch_sub(bytes, Relaxed);
    }
    fits
}

/// A slot goes back to the core.
pub fn remove(pages: usize) {
    SPACE.fetch_sub(pages * PAGE, Relaxed);
}

/// Reserves memory for a block's data; false when live blocks have as much as they may.
pub fn reserve(bytes: usize) -> bool {
    let fits = LIVE.fetch_add(bytes, Relaxed).saturating_add(bytes) <= LIVE_MAX.load(Relaxed);
    if !fits {
        release(bytes);
    }
    fits
}

/// A block's data pages hold no memory any more.
pub fn release(bytes: usize) {
    LIVE.fetch_sub(bytes, Relaxed);
}

fn number(pages: usize) -> usize {
    pages.min(LONG)
}

/// What a slot counts for: a huge one must not drive out all others, nor leave at once itself.
fn weight(pages: usize) -> usize {
    pages.saturating_mul(PAGE).min(BYTES_MAX.load(Relaxed) / 4)
}

/// Queues a slot; false without memory for that.
pub fn put(base: usize, pages: usize) -> bool {
    let (number, bytes) = (number(pages), weight(pages));
    let queued = QUEUES[number].push(&[Entry { address: base, bytes }]) == 1;
    if queued {
        HELD[number].fetch_add(bytes, Relaxed);
        BYTES.fetch_add(bytes, Relaxed);
    }
    queued
}

/// The oldest slot of so many pages, if the queues are full or the caller is in need.
pub fn take(pages: usize, in_need: bool) -> Option<usize> {
    let full = BYTES.load(Relaxed) + weight(pages) > BYTES_MAX.load(Relaxed);
    if pages >= LONG || !(full || in_need) {
        return None;
    }
    oldest(number(pages))
}

/// A slot that has to leave: the queues hold more than they may, or `all` are to go.
pub fn take_beyond(all: bool) -> Option<usize> {
    if !all && BYTES.load(Relaxed) <= BYTES_MAX.load(Relaxed) {
        return None;
    }
    let fullest = (0..=LONG).max_by_key(|number| HELD[*number].load(Relaxed))?;
    oldest(fullest)
}

fn oldest(number: usize) -> Option<usize> {
    if HELD[number].load(Relaxed) == 0 {
        return None;
    }
    let mut out = [Entry::default()];
    (QUEUES[number].take_beyond(0, 0, &mut out) == 1).then(|| {
        HELD[number].fetch_sub(out[0].bytes, Relaxed);
        BYTES.fetch_sub(out[0].bytes, Relaxed);
        out[0].address
    })
}

/// Calls `visit` with the address of every slot; `visit` must neither allocate nor queue.
pub fn visit(visit: &mut dyn FnMut(usize)) {
    QUEUES.iter().for_each(|queue| queue.visit(visit));
}

/// In a forked child: a queue that another thread of the parent was changing starts empty, and what
/// waited there is lost.
///
/// # Safety
/// Only the repairing thread of a child runs.
pub unsafe fn repair_after_fork() {
    for (queue, held) in QUEUES.iter().zip(&HELD) {
        // SAFETY: the caller's promise.
        if unsafe { queue.repair_after_fork() } {
            BYTES.fetch_sub(held.swap(0, Relaxed), Relaxed);
        }
    }
}
