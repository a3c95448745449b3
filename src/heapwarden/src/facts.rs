//! The facts behind every statistics text: gathered first, written afterwards.
//!
//! Writing may allocate (a stdio stream makes its buffer) and takes its time; the core's visitors
//! may hold a lock. So they only copy rows here. Cost: about 16 KiB of stack.

use heapwarden_core::statistics::{self, ArenaStatistics, BinStatistics, Statistics};

const ARENAS_MAX: usize = 64;
const BINS_MAX: usize = 96;

/// Totals, and a row per arena and per bin.
pub(crate) struct Facts {
    pub totals: Statistics,
    arenas: [Option<ArenaStatistics>; ARENAS_MAX],
    bins: [Option<BinStatistics>; BINS_MAX],
}

impl Facts {
    /// The state of the heap now. Rows that do not fit are left out.
    pub fn gather() -> Facts {
        let mut facts = Facts::empty(statistics::gather());
        let mut rows = facts.arenas.iter_mut();
        statistics::arenas(&mut |arena| {
            if let Some(row) = rows.next() {
                *row = Some(*arena);
            }
        });
        let mut rows = facts.bins.iter_mut();
        statistics::bins(&mut |bin| {
            if let Some(row) = rows.next() {
                *row = Some(*bin);
            }
        });
        facts
    }

    const fn empty(totals: Statistics) -> Facts {
        Facts { totals, arenas: [None; ARENAS_MAX], bins: [None; BINS_MAX] }
    }

    /// Facts made up by a test.
    #[cfg(test)]
    pub fn of(totals: Statistics, arenas: &[ArenaStatistics], bins: &[BinStatistics]) -> Facts {
        let mut facts = Facts::empty(totals);
        facts.arenas.iter_mut().zip(arenas).for_each(|(row, arena)| *row = Some(*arena));
        facts.bins.iter_mut().zip(bins).for_each(|(row, bin)| *row = Some(*bin));
        facts
    }

    /// The arenas, in order.
    pub fn arenas(&self) -> impl Iterator<Item = &ArenaStatistics> {
        self.arenas.iter().flatten()
    }

    /// The bins that have memory, in order of slot size.
    pub fn bins(&self) -> impl Iterator<Item = &BinStatistics> {
        self.bins.iter().flatten().filter(|bin| bin.slots > 0 || bin.allocations > 0)
    }
}
