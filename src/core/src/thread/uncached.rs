//! Counts of what threads without a cache do: those that ended (libc and destructors still free
//! and allocate then) and those for which there was no memory.
//!
//! Cost: one relaxed add beside a lock.

use crate::slabs::size_class::CLASSES;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

static ALLOCATIONS: [AtomicU64; CLASSES] = [const { AtomicU64::new(0) }; CLASSES];
static FREES: [AtomicU64; CLASSES] = [const { AtomicU64::new(0) }; CLASSES];

/// What stands for large and direct blocks where a class is asked for: no slab has class 0.
pub const LARGE: usize = 0;

/// Counts a block that was handed out.
pub fn note_allocation(class: usize) {
    ALLOCATIONS[class].fetch_add(1, Relaxed);
}

/// Counts a block that was taken back.
pub fn note_free(class: usize) {
    FREES[class].fetch_add(1, Relaxed);
}

/// How many blocks of a class were handed out and taken back.
pub fn totals(class: usize) -> (u64, u64) {
    (ALLOCATIONS[class].load(Relaxed), FREES[class].load(Relaxed))
}
