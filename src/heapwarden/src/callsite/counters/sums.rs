//! What is counted of one call site by all threads together, in the words beside it.
//!
//! While the process has one thread it counts here, with plain additions. Otherwise each count is an
//! atomic read-modify-write, so threads count in tables of their own and add to this only now and
//! then.

use super::{Counters, sums};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The shared part of a call site's counters. All zero is nothing.
#[repr(C)]
pub struct Sums {
    pub allocations: AtomicU64,
    /// Bytes that were ever allocated.
    pub bytes: AtomicU64,
    /// Bytes of them that were freed.
    pub freed: AtomicU64,
    /// The most by which `bytes` was more than `freed`.
    pub peak: AtomicU64,
    pub short_lived: AtomicU64,
}

#[inline(always)]
fn add_alone(counter: &AtomicU64, more: u64) -> u64 {
    let sum = counter.load(Relaxed).wrapping_add(more);
    counter.store(sum, Relaxed);
    sum
}

impl Sums {
    /// Nothing.
    pub const fn zero() -> Sums {
        Sums {
            allocations: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            freed: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            short_lived: AtomicU64::new(0),
        }
    }

    /// Bytes that are live.
    pub fn net(&self) -> i64 {
        self.bytes.load(Relaxed).wrapping_sub(self.freed.load(Relaxed)) as i64
    }

    /// Blocks of `bytes` in all were allocated, by the only thread.
    #[inline(always)]
    pub fn allocated_alone(&self, blocks: u64, bytes: u64) {
        add_alone(&self.allocations, blocks);
        let all = add_alone(&self.bytes, bytes);
        let net = all.wrapping_sub(self.freed.load(Relaxed));
        // As signed: a thread that ended may have told of a free and not yet of the allocation.
        if net as i64 > self.peak.load(Relaxed) as i64 {
            self.peak.store(net, Relaxed);
        }
    }

    /// A block was freed, by the only thread.
    #[inline(always)]
    pub fn freed_alone(&self, bytes: u64, short_lived: bool) {
        add_alone(&self.freed, bytes);
        add_alone(&self.short_lived, u64::from(short_lived));
    }

    /// Adds what a thread has counted: `high` is the most that its bytes less those freed were.
    pub fn add(&self, allocations: u64, bytes: u64, freed: u64, high: i64, short_lived: u64) {
        let before = self.net();
        for (counter, more) in [
            (&self.allocations, allocations),
            (&self.bytes, bytes),
            (&self.freed, freed),
            (&self.short_lived, short_lived),
        ] {
            if more != 0 {
                counter.fetch_add(more, Relaxed);
            }
        }
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

/// Counts without a table: `bytes` are those of an allocation or those that resizing added.
pub fn allocated(site: u32, blocks: u64, bytes: u64) {
    if let Some(sums) = sums(site) {
        sums.add(blocks, bytes, 0, bytes as i64, 0);
    }
}

/// The same for bytes that were freed.
pub fn freed(site: u32, bytes: u64, short_lived: bool) {
    if let Some(sums) = sums(site) {
        sums.add(0, 0, bytes, 0, u64::from(short_lived));
    }
}
