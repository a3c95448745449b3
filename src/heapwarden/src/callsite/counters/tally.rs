//! What one thread has counted of one call site since it last told the shared sums.
//!
//! Only its thread writes to it: a count is a load, an addition and a store.

use super::sums::Sums;
use core::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A place of the table. All zero is nothing, of unknown call sites.
#[derive(Default)]
#[repr(C)]
pub struct Tally {
    pub site: AtomicU32,
    allocations: AtomicU64,
    bytes: AtomicU64,
    freed: AtomicU64,
    high: AtomicI64,
    short_lived: AtomicU64,
}

/// A copy of the figures.
pub struct Figures {
    pub allocations: u64,
    pub bytes: u64,
    pub short_lived: u64,
    /// Bytes allocated less bytes freed.
    pub net: i64,
    /// The most that `net` was, at least 0.
    pub high: i64,
}

#[inline(always)]
fn count(counter: &AtomicU64, more: u64) -> u64 {
    let sum = counter.load(Relaxed).wrapping_add(more);
    counter.store(sum, Relaxed);
    sum
}

impl Tally {
    /// Blocks of `bytes` in all were allocated. Returns how far the live bytes are from what the
    /// sums know.
    #[inline(always)]
    pub fn allocated(&self, blocks: u64, bytes: u64) -> i64 {
        count(&self.allocations, blocks);
        let net = count(&self.bytes, bytes).wrapping_sub(self.freed.load(Relaxed)) as i64;
        if net > self.high.load(Relaxed) {
            self.high.store(net, Relaxed);
        }
        net
    }

    /// Bytes were freed. Returns the same.
    #[inline(always)]
    pub fn freed(&self, bytes: u64, short_lived: bool) -> i64 {
        count(&self.short_lived, u64::from(short_lived));
        self.bytes.load(Relaxed).wrapping_sub(count(&self.freed, bytes)) as i64
    }

    /// The figures.
    pub fn read(&self) -> Figures {
        let bytes = self.bytes.load(Relaxed);
        Figures {
            allocations: self.allocations.load(Relaxed),
            bytes,
            short_lived: self.short_lived.load(Relaxed),
            net: bytes.wrapping_sub(self.freed.load(Relaxed)) as i64,
            high: self.high.load(Relaxed),
        }
    }

    /// Adds everything to `sums`.
    pub fn tell(&self, sums: &Sums) {
        let take = |counter: &AtomicU64| {
            let count = counter.load(Relaxed);
            counter.store(0, Relaxed);
            count
        };
        let (allocations, bytes) = (take(&self.allocations), take(&self.bytes));
        let (freed, short_lived) = (take(&self.freed), take(&self.short_lived));
        sums.add(allocations, bytes, freed, self.high.load(Relaxed), short_lived);
        self.high.store(0, Relaxed);
    }
}
