//! The stacks that a thread was seen with lately, each with its call site.
//!
//! A program mostly allocates from the same few places. A stack is the same again if it starts at the
//! same frame and every word that led outwards still holds what it held, which is looked at word by
//! word: nothing is unwound, and no node of a trie is looked for.
//!
//! A stack is kept when its start comes up with the same call site twice in a row: where each stack is
//! another one (a recursion that takes another way each time), keeping them would be for nothing.
//! A lookup only reads, so that the thread's state need not be marked busy; a signal handler's capture
//! that comes in between is noticed by a number that it changes.
//! Cost: some 25 instructions and five for each frame; 70 KiB of address space a thread, touched as
//! it fills.

use super::frame::{Frame, Word};
use super::registers::Registers;
use core::sync::atomic::{Ordering::SeqCst, compiler_fence};

const PLACES: usize = 64;
/// The most words of a stack: 32 frames, the usual depth, each with a frame pointer.
const WORDS: usize = 64;
/// Marks a candidate that cannot be kept: too many words, or not all on the thread's own stack.
const UNFIT: u32 = 1 << 31;

struct Stack {
    start: Registers,
    /// The frame pointer matters.
    needs_bp: bool,
    /// How many frames were asked for.
    depth: usize,
    /// How many words there are.
    count: usize,
    words: [Word; WORDS],
}

/// All zero is valid and empty.
pub struct Recent {
    /// The call site of the stack in each place; 0 where there is none.
    sites: [u32; PLACES],
    /// The call site with which a start of that place came up last.
    candidates: [u32; PLACES],
    /// Another number after each change.
    changes: u32,
    stacks: [Stack; PLACES],
}

#[inline(always)]
fn place_of(start: &Registers) -> usize {
    let mixed = (start.pc ^ start.sp.rotate_left(20)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed >> (usize::BITS - PLACES.ilog2())
}

impl Recent {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.sites = [0; PLACES];
        self.candidates = [0; PLACES];
        self.changes = self.changes.wrapping_add(1);
    }

    /// The call site of the stack of at most `depth` frames from `start` on, if it is known.
    #[inline(always)]
    pub fn site(&self, start: &Registers, depth: usize) -> Option<u32> {
        let place = place_of(start);
        let before = self.changes();
        let site = self.sites[place];
        let stack = &self.stacks[place];
        let starts = site != 0
            && stack.start.pc == start.pc
            && stack.start.sp == start.sp
            && stack.depth == depth
            && (!stack.needs_bp || stack.start.bp == start.bp);
        let words = stack.words.get(..stack.count)?;
        let same = starts && words.iter().all(Word::holds) && self.changes() == before;
        same.then_some(site)
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
        let place = place_of(start);
        let candidate = self.candidates[place];
        if candidate == site {
            let kept = self.keep(place, start, depth, frames, site);
            self.candidates[place] = if kept { site } else { site | UNFIT };
        } else if candidate != site | UNFIT {
            self.candidates[place] = site;
        }
    }

    #[cold]
    #[inline(never)]
    fn keep(
        &mut self,
        place: usize,
        start: &Registers,
        depth: usize,
        frames: &[Frame],
        site: u32,
    ) -> bool {
        let Some((innermost, others)) = frames.split_last() else { return false };
        self.sites[place] = 0;
        self.changes = self.changes.wrapping_add(1);
        compiler_fence(SeqCst);
        let stack = &mut self.stacks[place];
        stack.count = 0;
        for frame in others.iter().rev() {
            let Some(words) = frame.words() else { return false };
            for word in words.into_iter().flatten() {
                let Some(free) = stack.words.get_mut(stack.count) else { return false };
                *free = word;
                stack.count += 1;
            }
        }
        (stack.start, stack.depth, stack.needs_bp) = (*start, depth, innermost.needs_bp);
        compiler_fence(SeqCst);
        self.sites[place] = site;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    const START: Registers = Registers::returning(0x1000, 0x2000, 0);

    fn empty() -> Box<Recent> {
        // SAFETY: all zero is valid.
        unsafe { Box::new_zeroed().assume_init() }
    }

    /// A stack of two frames, the outer one of which was found in `slot`.
    fn frames(slot: &AtomicUsize) -> [Frame; 2] {
        let outer = Registers::returning(slot.load(Relaxed), 0x2010, 0);
        [Frame::returning(outer, slot.as_ptr() as usize, 0), Frame::start(START)]
    }

    #[test]
    fn a_stack_that_came_up_twice_is_known_until_a_word_of_it_changes() {
        let mut recent = empty();
        let slot = AtomicUsize::new(0x1234);
        let frames = || frames(&slot);
        recent.note(&START, 32, &frames(), 7);
        assert_eq!(recent.site(&START, 32), None);
        recent.note(&START, 32, &frames(), 7);
        assert_eq!(recent.site(&START, 32), Some(7));
        assert_eq!(recent.site(&START, 16), None, "another depth");
        for other in [(0x1001, 0x2000, 0), (0x1000, 0x2008, 0), (0x1000, 0x2000, 8)] {
            let other = Registers::returning(other.0, other.1, other.2);
            assert_eq!(recent.site(&other, 32), None, "another start");
        }
        slot.store(0x1235, Relaxed);
        assert_eq!(recent.site(&START, 32), None, "another caller");
        slot.store(0x1234, Relaxed);
        assert_eq!(recent.site(&START, 32), Some(7));
        recent.clear();
        assert_eq!(recent.site(&START, 32), None);
    }

    #[test]
    fn a_start_with_another_call_site_each_time_is_not_kept() {
        let mut recent = empty();
        for site in 1..100 {
            let slot = AtomicUsize::new(0x1000 + site as usize);
            recent.note(&START, 32, &frames(&slot), site);
            assert_eq!(recent.site(&START, 32), None);
        }
    }

    #[test]
    fn a_stack_that_cannot_be_verified_is_not_kept() {
        let mut recent = empty();
        let slot = AtomicUsize::new(0x1234);
        let [outer, innermost] = frames(&slot);
        let unread = Frame::start(outer.registers);
        for _ in 0..4 {
            recent.note(&START, 32, &[unread, innermost], 7);
            assert_eq!(recent.site(&START, 32), None);
        }
        let deep = [[outer; 2 * WORDS].as_slice(), &[innermost]].concat();
        for _ in 0..4 {
            recent.note(&START, 32, &deep, 8);
            assert_eq!(recent.site(&START, 32), None);
        }
    }
}
