//! Reads words of a stack that may be broken, foreign or gone, without ever faulting.
//!
//! Within the thread's own stack, whose bounds are known (see `bounds`), a read is two compares.
//! Anywhere else (coroutines, alternate signal stacks, garbage) the kernel is asked once per page
//! and capture: such memory may be unmapped between two captures.

use super::readable::is_readable;
use core::ops::Range;
use heapwarden_core::os::PAGE;

/// Reads one stack for one capture.
pub struct Reader {
    low: usize,
    /// Words from `low` on that can be read.
    words: usize,
    elsewhere: Range<usize>,
    /// How often the kernel may still be asked.
    questions: u32,
}

/// More pages than a stack of the greatest depth has frames: what needs more is not a stack.
const QUESTIONS_MAX: u32 = 512;

impl Reader {
    /// For a stack of which `own` (page-aligned at its start) can be read without asking.
    pub fn new(own: Range<usize>) -> Reader {
        let words = own.len() / 8;
        Reader { low: own.start, words, elsewhere: 0..0, questions: QUESTIONS_MAX }
    }

    /// Reads nothing outside `own`.
    pub fn strict(own: Range<usize>) -> Reader {
        Reader { questions: 0, ..Reader::new(own) }
    }

    /// Whether the address is that of an aligned word that can be read without asking.
    #[inline(always)]
    pub fn is_own(&self, address: usize) -> bool {
        // Rotated, an address that is not aligned counts as far away.
        address.wrapping_sub(self.low).rotate_right(3) < self.words
    }

    /// The aligned word at `address`, if it can be read.
    #[inline(always)]
    pub fn word(&mut self, address: usize) -> Option<usize> {
        if !self.is_own(address) && !self.can_read_elsewhere(address) {
            return None;
        }
        // SAFETY: an aligned word in the thread's own stack, or in a page that the kernel could
        // read a moment ago; nobody unmaps the stack that this thread's frames are on. Volatile, as
        // other frames may change it.
        Some(unsafe { (address as *const usize).read_volatile() })
    }

    #[cold]
    #[inline(never)]
    fn can_read_elsewhere(&mut self, address: usize) -> bool {
        if !address.is_multiple_of(8) {
            return false;
        }
        if self.elsewhere.contains(&address) {
            return true;
        }
        if self.questions == 0 {
            return false;
        }
        self.questions -= 1;
        if !is_readable(address) {
            return false;
        }
        let page = address & !(PAGE - 1);
        if page == self.elsewhere.end {
            self.elsewhere.end += PAGE;
        } else {
            self.elsewhere = page..page + PAGE;
        }
        true
    }
}
