//! A stack as it is verified: where it started, and the words that led outwards from there.

use super::super::frame::{Frame, Word};
use super::super::registers::Registers;

/// The most words of a stack: 32 frames, the usual depth, each with a frame pointer.
pub const WORDS: usize = 64;

/// How many words are looked at between two decisions.
const STEP: usize = 4;

/// A stack without its call site. All zero is valid, and is none.
pub struct Kept {
    start: Registers,
    /// The frame pointer matters.
    needs_bp: bool,
    /// How many frames were asked for.
    depth: usize,
    /// How many words there are, a multiple of [`STEP`].
    count: usize,
    words: [Word; WORDS],
}

impl Kept {
    /// Whether the stack of at most `depth` frames from `start` on is this one.
    #[inline(always)]
    pub fn is(&self, start: &Registers, depth: usize) -> bool {
        self.start.pc == start.pc
            && self.start.sp == start.sp
            && self.depth == depth
            && (!self.needs_bp || self.start.bp == start.bp)
            && self.words.get(..self.count).is_some_and(hold)
    }

    /// Becomes the stack of `frames`, outermost first; false if that cannot be verified word by word.
    pub fn keep(&mut self, start: &Registers, depth: usize, frames: &[Frame]) -> bool {
        let Some((innermost, others)) = frames.split_last() else { return false };
        self.count = 0;
        for frame in others.iter().rev() {
            let Some(words) = frame.words() else { return false };
            for word in words.into_iter().flatten() {
                let Some(free) = self.words.get_mut(self.count) else { return false };
                *free = word;
                self.count += 1;
            }
        }
        while !self.count.is_multiple_of(STEP) {
            self.words[self.count] = Word::constant();
            self.count += 1;
        }
        (self.start, self.depth, self.needs_bp) = (*start, depth, innermost.needs_bp);
        true
    }
}

/// Whether all the words, a multiple of [`STEP`], hold what they held.
#[inline(always)]
fn hold(words: &[Word]) -> bool {
    for words in words.chunks_exact(STEP) {
        if words.iter().fold(0, |changes, word| changes | word.change()) != 0 {
            return false;
        }
    }
    true
}

const _: () = assert!(WORDS.is_multiple_of(STEP));
