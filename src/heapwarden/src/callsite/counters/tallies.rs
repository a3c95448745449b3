//! A thread's table of call sites: two places for each, of which the older one is told to the shared
//! sums and given away when a third call site comes up twice in a row. What has no place is counted
//! in the sums at once: of very many call sites, each of which comes up now and then, none is worth a
//! place.
//!
//! Readers on other threads need to know when counts move from here to the sums, where they would
//! find them twice or not at all. So each pair has a number that is odd while they do (a sequence
//! lock).

use super::sums::{self, Sums};
use super::tally::{Figures, Tally};
use super::{EVERYWHERE, STEP};
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};
use heapwarden_core::os::mapping;

const PAIRS: usize = 512;

#[derive(Default)]
#[repr(C, align(128))]
struct Pair {
    sequence: AtomicU32,
    /// Which of the two was found last.
    recent: AtomicU32,
    tallies: [Tally; 2],
    /// Who had no place last.
    missed: AtomicU32,
}

/// The counters of one thread. All zero is valid and empty.
pub struct Tallies {
    all: Pair,
    pairs: [Pair; PAIRS],
}

impl Tallies {
    /// An empty table, in memory that is never given back.
    pub fn create() -> Option<&'static Tallies> {
        let address = mapping::map(size_of::<Tallies>())?;
        // SAFETY: fresh zeroed pages, aligned and large enough, shared from here on.
        Some(unsafe { &*(address as *const Tallies) })
    }

    #[inline(always)]
    fn pair(&self, site: u32) -> &Pair {
        if site == EVERYWHERE {
            return &self.all;
        }
        &self.pairs[(site.wrapping_mul(0x9e37_79b9) >> 16) as usize % PAIRS]
    }

    /// Blocks of `bytes` in all were allocated.
    #[inline(always)]
    pub fn allocated(&self, site: u32, blocks: u64, bytes: u64) {
        self.all.count(EVERYWHERE, &self.all.tallies[0], |tally| tally.allocated(0, bytes));
        let pair = self.pair(site);
        match pair.find(site) {
            Some(tally) => pair.count(site, tally, |tally| tally.allocated(blocks, bytes)),
            None => sums::allocated(site, blocks, bytes),
        }
    }

    /// Bytes were freed.
    #[inline(always)]
    pub fn freed(&self, site: u32, bytes: u64, short_lived: bool) {
        self.all.count(EVERYWHERE, &self.all.tallies[0], |tally| tally.freed(bytes, false));
        let pair = self.pair(site);
        match pair.find(site) {
            Some(tally) => pair.count(site, tally, |tally| tally.freed(bytes, short_lived)),
            None => sums::freed(site, bytes, short_lived),
        }
    }

    /// The figures that stand here for a call site.
    pub fn read(&self, site: u32) -> Option<Figures> {
        let pair = self.pair(site);
        if site == EVERYWHERE {
            return Some(pair.tallies[0].read());
        }
        pair.tallies.iter().find(|tally| tally.site.load(Relaxed) == site).map(Tally::read)
    }

    /// A number that is another one when counts of this call site moved; `None` while they do.
    pub fn moves(&self, site: u32) -> Option<u32> {
        // Acquire: what is read later is read later. The fence is for what was read before; both
        // pair with those in `Pair::moving`.
        fence(Acquire);
        let sequence = self.pair(site).sequence.load(Acquire);
        sequence.is_multiple_of(2).then_some(sequence)
    }
}

/// What a call site's sums are told; there are some for every number a tally can have.
fn tell(site: u32, action: impl FnOnce(&Sums)) {
    if let Some(sums) = super::sums(site) {
        action(sums);
    }
}

impl Pair {
    #[inline(always)]
    fn count(&self, site: u32, tally: &Tally, action: impl FnOnce(&Tally) -> i64) {
        if action(tally).unsigned_abs() >= STEP as u64 {
            self.tell(tally, site);
        }
    }

    /// The call site's place, if it has one.
    #[inline(always)]
    fn find(&self, site: u32) -> Option<&Tally> {
        let tally = &self.tallies[self.recent.load(Relaxed) as usize & 1];
        if tally.site.load(Relaxed) == site { Some(tally) } else { self.find_other(site) }
    }

    /// The other place, if it is the call site's or becomes that now.
    #[cold]
    #[inline(never)]
    fn find_other(&self, site: u32) -> Option<&Tally> {
        let other = (self.recent.load(Relaxed) + 1) % 2;
        let tally = &self.tallies[other as usize];
        let owner = tally.site.load(Relaxed);
        if owner != site {
            if owner != 0 && self.missed.load(Relaxed) != site {
                self.missed.store(site, Relaxed);
                return None;
            }
            self.moving(|| {
                tell(owner, |sums| tally.tell(sums));
                tally.site.store(site, Relaxed);
            });
        }
        self.recent.store(other, Relaxed);
        Some(tally)
    }

    #[cold]
    #[inline(never)]
    fn tell(&self, tally: &Tally, site: u32) {
        self.moving(|| tell(site, |sums| tally.tell(sums)));
    }

    /// Runs what moves counts from here to the sums.
    fn moving(&self, action: impl FnOnce()) {
        let sequence = self.sequence.load(Relaxed);
        self.sequence.store(sequence | 1, Relaxed);
        // Release: who sees what follows sees the odd number; pairs with the Acquire in `moves`.
        fence(Release);
        action();
        // Release: who sees the new number sees what was moved.
        self.sequence.store((sequence | 1).wrapping_add(1), Release);
    }
}
