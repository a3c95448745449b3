//! Where the checked heap tells the counters per call site what happens to a block.

use super::guardian::Guardian;
use super::settings::Settings;
use crate::callsite::counters;
use crate::evidence::Record;
use core::sync::atomic::Ordering::Relaxed;

/// A block was allocated at `site`.
#[inline(always)]
pub fn allocated(settings: &Settings, guardian: Option<&Guardian>, site: u32, size: usize) {
    if settings.accounting {
        counters::allocated(guardian.and_then(Guardian::tallies), site, size);
    }
}

/// The block of `size` bytes that `record` tells of was freed.
#[inline(always)]
pub fn freed(settings: &Settings, guardian: Option<&Guardian>, record: &Record, size: usize) {
    if settings.accounting {
        let site = record.allocated_at.load(Relaxed);
        let age = guardian
            .filter(|guardian| guardian.number == record.allocated_by.load(Relaxed))
            .map(|guardian| guardian.allocations.wrapping_sub(record.sequence.load(Relaxed)));
        counters::freed(guardian.and_then(Guardian::tallies), site, size, age);
    }
}

/// The block that `record` tells of has another size now.
pub fn resized(settings: &Settings, guardian: Option<&Guardian>, record: &Record, size: usize) {
    let before = record.size.swap(size, Relaxed);
    if settings.accounting {
        let site = record.allocated_at.load(Relaxed);
        counters::resized(guardian.and_then(Guardian::tallies), site, before, size);
    }
}
