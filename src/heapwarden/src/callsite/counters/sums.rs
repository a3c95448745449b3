//! What all threads have counted of one call site, in the words beside its stack.
//!
//! Cost: an atomic read-modify-write per word, so it is added to only now and then: when a thread
//! ends, when its table needs the room, and each [`STEP`](super::STEP) bytes.

use super::{Counters, sums};
use core::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// The shared part of a call site's counters. All zero is nothing.
#[repr(C)]
pub struct Sums {
    pub allocations: AtomicU64,
    pub bytes: AtomicU64,
    pub short_lived: AtomicU64,
    /// Bytes allocated less bytes freed.
    pub net: AtomicI64,
    /// The most that `net` was.
    pub peak: AtomicU64,
    /// Found by the last walk over the heap.
    pub live_blocks: AtomicU64,
    pub live_bytes: AtomicU64,
}

/// How many words that is.
pub const WORDS: usize = size_of::<Sums>() / size_of::<usize>();

impl Sums {
    /// Nothing.
    pub const fn zero() -> Sums {
        Sums {
            allocations: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            short_lived: AtomicU64::new(0),
            net: AtomicI64::new(0),
            peak: AtomicU64::new(0),
            live_blocks: AtomicU64::new(0),
            live_bytes: AtomicU64::new(0),
        }
    }

    /// `net` moved on by `change`, and was up to `high` more than before on the way.
    pub fn move_on(&self, change: i64, high: i64) {
        let before = match change {
            0 => self.net.load(Relaxed),
            _ => self.net.fetch_add(change, Relaxed),
        };
        let most = (before + high).max(0) as u64;
        if most > self.peak.load(Relaxed) {
            self.peak.fetch_max(most, Relaxed);
        }
    }

    /// What is summed up, without the live figures.
    pub fn read(&self) -> Counters {
        Counters {
            allocations: self.allocations.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            short_lived: self.short_lived.load(Relaxed),
            peak_bytes: self.peak.load(Relaxed),
            live_blocks: 0,
            live_bytes: 0,
        }
    }
}

/// Counts without a table.
#[cold]
pub fn add(site: u32, allocations: u64, change: i64) {
    for sums in [sums(site), sums(super::EVERYWHERE)].into_iter().flatten() {
        sums.allocations.fetch_add(allocations, Relaxed);
        sums.bytes.fetch_add(change.max(0) as u64, Relaxed);
        sums.move_on(change, change.max(0));
    }
}
