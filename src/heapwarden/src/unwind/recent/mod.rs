//! The stacks that a thread was seen with lately, each with its call site.
//!
//! A program mostly allocates from the same few places. A stack is the same again if it starts at the
//! same frame and every word that led outwards still holds what it held, which is looked at word by
//! word: nothing is unwound, and no node of a trie is looked for.
//!
//! A start has room for [`WAYS`] stacks, for a function that allocates on behalf of others (`xmalloc`) is
//! called by turns from several places. A stack is kept when its call site comes up a second time while
//! it is among the last few that were not known: where each stack is another one (a recursion that takes
//! another way each time), keeping them would be for nothing.
//! A lookup only reads, so that the thread's state need not be marked busy; a signal handler's capture
//! that comes in between is noticed by a number that it changes.
//! Cost: some 25 instructions and five for each frame, ten more for each other stack of the same start;
//! 140 KiB of address space a thread, touched as it fills.

mod kept;

use super::frame::Frame;
use super::registers::Registers;
use core::sync::atomic::{Ordering::SeqCst, compiler_fence};
use kept::Kept;

const SETS: usize = 32;
/// Stacks of one set, and of its candidates.
const WAYS: usize = 4;
/// Marks a candidate that cannot be kept: too many words, or not all on the thread's own stack.
const UNFIT: u32 = 1 << 31;

/// All zero is valid and empty.
pub struct Recent {
    /// The call site of the stack in each place; 0 where there is none.
    sites: [[u32; WAYS]; SETS],
    /// The call sites that lately came up as new from a start of the set, the latest first.
    candidates: [[u32; WAYS]; SETS],
    /// Which of its places was filled longest ago.
    oldest: [u8; SETS],
    /// Another number after each change.
    changes: u32,
    stacks: [[Kept; WAYS]; SETS],
}

#[inline(always)]
fn set_of(start: &Registers) -> usize {
    let mixed = (start.pc ^ start.sp.rotate_left(20)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed >> (usize::BITS - SETS.ilog2())
}

impl Recent {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.sites = [[0; WAYS]; SETS];
        self.candidates = [[0; WAYS]; SETS];
        self.changes = self.changes.wrapping_add(1);
    }

    /// The call site of the stack of at most `depth` frames from `start` on, if it is known.
    #[inline(always)]
    pub fn site(&self, start: &Registers, depth: usize) -> Option<u32> {
        let set = set_of(start);
        let before = self.changes();
        let (sites, stacks) = (&self.sites[set], &self.stacks[set]);
        for (&site, stack) in sites.iter().zip(stacks) {
            if site != 0 && stack.is(start, depth) {
                return (self.changes() == before).then_some(site);
            }
        }
        None
    }

    #[inline(always)]
    fn changes(&self) -> u32 {
        compiler_fence(SeqCst);
        // SAFETY: this thread's own; volatile, as a signal handler on it may change the number.
        let changes = unsafe { (&raw const self.changes).read_volatile() };
        compiler_fence(SeqCst);
        changes
    }

    /// The stack that was asked for from `start` on is `frames`, outermost first, all there are or as many
    /// as were asked for.
    #[inline]
    pub fn note(&mut self, start: &Registers, depth: usize, frames: &[Frame], site: u32) {
        let set = set_of(start);
        let [a, b, c, d] = self.candidates[set];
        let is_it = |candidate: u32| candidate & !UNFIT == site;
        if is_it(a) | is_it(b) | is_it(c) | is_it(d) {
            self.note_again(set, start, depth, frames, site);
        } else {
            self.candidates[set] = [site, a, b, c];
        }
    }

    #[cold]
    #[inline(never)]
    fn note_again(
        &mut self,
        set: usize,
        start: &Registers,
        depth: usize,
        frames: &[Frame],
        site: u32,
    ) {
        let found = self.candidates[set].iter().position(|&candidate| candidate == site);
        if let Some(found) = found
            && !self.keep(set, start, depth, frames, site)
        {
            self.candidates[set][found] |= UNFIT;
        }
    }

    fn keep(
        &mut self,
        set: usize,
        start: &Registers,
        depth: usize,
        frames: &[Frame],
        site: u32,
    ) -> bool {
        let place_of = |wanted| self.sites[set].iter().position(|&found| found == wanted);
        // The same call site with other words takes its own place again.
        let way = place_of(site).or_else(|| place_of(0)).unwrap_or(self.oldest[set].into());
        self.oldest[set] = ((way + 1) % WAYS) as u8;
        self.sites[set][way] = 0;
        self.changes = self.changes.wrapping_add(1);
        compiler_fence(SeqCst);
        let is_kept = self.stacks[set][way].keep(start, depth, frames);
        compiler_fence(SeqCst);
        if is_kept {
            self.sites[set][way] = site;
        }
        is_kept
    }
}

#[cfg(test)]
mod tests;
