//! What is counted for a scope, and what is to be noticed.
//!
//! Most of it the scope's own thread counts, alone, so that has counters to itself. The live bytes are one
//! counter for all, since the most of them at any time is asked for.
//! Cost: one locked instruction for each block, another one while the peak grows.

use super::sums::{Sums, Who};
use super::table::Entry;
use crate::evidence;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};

/// The counters of an open scope.
pub struct Counts {
    sums: [Sums; 2],
    live_bytes: AtomicUsize,
    peak_bytes: AtomicUsize,
    allocations_max: AtomicUsize,
    live_bytes_max: AtomicUsize,
    /// The call site of the first allocation that was too much.
    culprit: AtomicU32,
    is_exceeded: AtomicBool,
    is_short: AtomicBool,
}

/// From where on something is too much.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// More allocations are too many.
    pub allocations: usize,
    /// More live bytes are too many.
    pub live_bytes: usize,
}

impl Limits {
    /// Nothing is too much.
    pub const NONE: Limits = Limits { allocations: usize::MAX, live_bytes: usize::MAX };
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Total {
    /// Blocks that were asked for.
    pub allocations: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Blocks of the scope that were freed.
    pub frees: usize,
    /// Blocks that were not.
    pub live_blocks: usize,
    /// Their bytes.
    pub live_bytes: usize,
    /// The most live bytes at any time.
    pub peak_bytes: usize,
    /// The call site of the first allocation that was too much, if any was.
    pub culprit: Option<u32>,
    /// There was no memory to keep all of it.
    pub is_short: bool,
}

impl Counts {
    /// All zero.
    pub const fn new() -> Counts {
        Counts {
            sums: [Sums::new(), Sums::new()],
            live_bytes: AtomicUsize::new(0),
            peak_bytes: AtomicUsize::new(0),
            allocations_max: AtomicUsize::new(0),
            live_bytes_max: AtomicUsize::new(0),
            culprit: AtomicU32::new(0),
            is_exceeded: AtomicBool::new(false),
            is_short: AtomicBool::new(false),
        }
    }

    /// Starts from zero.
    pub fn start(&self, limits: Limits) {
        self.sums.iter().for_each(Sums::clear);
        self.live_bytes.store(0, Relaxed);
        self.peak_bytes.store(0, Relaxed);
        self.allocations_max.store(limits.allocations, Relaxed);
        self.live_bytes_max.store(limits.live_bytes, Relaxed);
        self.culprit.store(0, Relaxed);
        self.is_exceeded.store(false, Relaxed);
        self.is_short.store(false, Relaxed);
    }

    /// A block was allocated.
    pub fn allocate(&self, entry: &Entry, who: Who) {
        self.sums[who as usize].allocate(entry.size, who);
        let live = self.live_bytes.fetch_add(entry.size, Relaxed) + entry.size;
        if live > self.peak_bytes.load(Relaxed) {
            self.peak_bytes.fetch_max(live, Relaxed);
        }
        let is_too_much = live > self.live_bytes_max.load(Relaxed)
            || self.allocations() > self.allocations_max.load(Relaxed);
        if is_too_much && !self.is_exceeded.swap(true, Relaxed) {
            let record = evidence::of_block(entry.address);
            let site = record.map_or(0, |record| record.allocated_at.load(Relaxed));
            self.culprit.store(site, Relaxed);
        }
    }

    /// How many there were. Whoever has just counted one sees that one.
    fn allocations(&self) -> usize {
        self.sums[0].allocations() + self.sums[1].allocations()
    }

    /// A block of this size was freed.
    pub fn free(&self, size: usize, who: Who) {
        self.sums[who as usize].free(1, who);
        self.live_bytes.fetch_sub(size, Relaxed);
    }

    /// It was not.
    pub fn unfree(&self, size: usize, who: Who) {
        self.sums[who as usize].free(usize::MAX, who);
        self.live_bytes.fetch_add(size, Relaxed);
    }

    /// There was no memory to keep a block.
    pub fn note_shortage(&self) {
        self.is_short.store(true, Relaxed);
    }

    /// What was counted. Nobody counts any more.
    pub fn total(&self) -> Total {
        let [own, others] = &self.sums;
        let (allocations, frees) = (self.allocations(), own.frees().wrapping_add(others.frees()));
        Total {
            allocations,
            bytes: own.bytes() + others.bytes(),
            frees,
            live_blocks: allocations - frees,
            live_bytes: self.live_bytes.load(Relaxed),
            peak_bytes: self.peak_bytes.load(Relaxed),
            culprit: self.is_exceeded.load(Relaxed).then(|| self.culprit.load(Relaxed)),
            is_short: self.is_short.load(Relaxed),
        }
    }
}
