//! Where the checked heap tells the counters per call site what happens to a block.

use super::guardian::Guardian;
use super::settings::Settings;
use crate::callsite::counters;
use crate::chunk::Alone;
use crate::evidence::Record;
use core::sync::atomic::Ordering::Relaxed;

/// A block was allocated at `site`.
#[inline(always)]
pub fn allocated(settings: &Settings, guardian: Option<&Guardian>, site: u32, size: usize) {
    if settings.accounting {
        counters::allocated(Alone::find(), guardian.and_then(Guardian::tallies), site, size);
    }
}

/// The block of `size` bytes that `record` tells of was freed.
#[inline(always)]
pub fn freed(settings: &Settings, guardian: Option<&Guardian>, record: &Record, size: usize) {
    if settings.accounting {
        let site = record.allocated_at.load(Relaxed);
        let age = guardian.and_then(|guardian| age(guardian, record));
        counters::freed(Alone::find(), guardian.and_then(Guardian::tallies), site, size, age);
    }
}

/// How many blocks the thread has allocated since this one; `None` if another thread allocated it.
#[inline(always)]
pub fn age(guardian: &Guardian, record: &Record) -> Option<u32> {
    let is_own = guardian.number == record.allocated_by.load(Relaxed);
    is_own.then(|| guardian.allocations.wrapping_sub(record.sequence.load(Relaxed)))
}

/// The block that `record` tells of has another size now.
pub fn resized(settings: &Settings, guardian: Option<&Guardian>, record: &Record, size: usize) {
    let before = record.size.swap(size, Relaxed);
    if settings.accounting {
        let site = record.allocated_at.load(Relaxed);
        counters::resized(guardian.and_then(Guardian::tallies), site, before, size);
    }
}
