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
    short_lived: AtomicU64,
    net: AtomicI64,
    high: AtomicI64,
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
fn count(counter: &AtomicU64, more: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(more), Relaxed);
}

impl Tally {
    /// A block was allocated. Returns how far the live bytes are from what the sums know.
    #[inline(always)]
    pub fn allocated(&self, bytes: usize) -> i64 {
        count(&self.allocations, 1);
        count(&self.bytes, bytes as u64);
        self.moved(bytes as i64)
    }

    /// A block was freed. Returns the same.
    #[inline(always)]
    pub fn freed(&self, bytes: usize, short_lived: bool) -> i64 {
        count(&self.short_lived, u64::from(short_lived));
        let net = self.net.load(Relaxed) - bytes as i64;
        self.net.store(net, Relaxed);
        net
    }

    /// A block was resized. Returns the same.
    pub fn resized(&self, change: i64) -> i64 {
        count(&self.bytes, change.max(0) as u64);
        self.moved(change)
    }

    /// The live bytes changed. Returns the same.
    #[inline(always)]
    pub fn moved(&self, change: i64) -> i64 {
        let net = self.net.load(Relaxed) + change;
        self.net.store(net, Relaxed);
        if net > self.high.load(Relaxed) {
            self.high.store(net, Relaxed);
        }
        net
    }

    /// The figures.
    pub fn read(&self) -> Figures {
        Figures {
            allocations: self.allocations.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            short_lived: self.short_lived.load(Relaxed),
            net: self.net.load(Relaxed),
            high: self.high.load(Relaxed),
        }
    }

    /// Adds the live bytes to `sums`.
    pub fn tell_net(&self, sums: &Sums) {
        sums.move_on(self.net.load(Relaxed), self.high.load(Relaxed));
        self.net.store(0, Relaxed);
        self.high.store(0, Relaxed);
    }

    /// Adds everything to `sums`.
    pub fn tell(&self, sums: &Sums) {
        for (counter, sum) in [
            (&self.allocations, &sums.allocations),
            (&self.bytes, &sums.bytes),
            (&self.short_lived, &sums.short_lived),
        ] {
            let more = counter.load(Relaxed);
            if more != 0 {
                sum.fetch_add(more, Relaxed);
                counter.store(0, Relaxed);
            }
        }
        self.tell_net(sums);
    }
}
