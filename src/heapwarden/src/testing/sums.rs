//! Counters that only grow, for a scope's own thread or for all other threads together.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The thread that opened the scope: nobody else writes its counters.
    Owner,
    /// Any other thread.
    Other,
}

/// The counters.
pub struct Sums {
    allocations: AtomicUsize,
    bytes: AtomicUsize,
    frees: AtomicUsize,
}

impl Sums {
    /// All zero.
    pub const fn new() -> Sums {
        let [allocations, bytes, frees] = [const { AtomicUsize::new(0) }; 3];
        Sums { allocations, bytes, frees }
    }

    /// Starts from zero.
    pub fn clear(&self) {
        for count in [&self.allocations, &self.bytes, &self.frees] {
            count.store(0, Relaxed);
        }
    }

    /// A block of this size.
    #[inline]
    pub fn allocate(&self, size: usize, who: Who) {
        add(&self.allocations, 1, who);
        add(&self.bytes, size, who);
    }

    /// So many frees; `usize::MAX` takes one back.
    #[inline]
    pub fn free(&self, count: usize, who: Who) {
        add(&self.frees, count, who);
    }

    /// How many blocks.
    pub fn allocations(&self) -> usize {
        self.allocations.load(Relaxed)
    }

    /// Their bytes.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    /// How many frees; with those that others have taken back, modulo 2^64.
    pub fn frees(&self) -> usize {
        self.frees.load(Relaxed)
    }
}

#[inline]
fn add(count: &AtomicUsize, number: usize, who: Who) {
    match who {
        Who::Owner => count.store(count.load(Relaxed).wrapping_add(number), Relaxed),
        Who::Other => {
            count.fetch_add(number, Relaxed);
        }
    }
}
