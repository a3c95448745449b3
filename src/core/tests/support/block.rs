//! A live block as the model remembers it.

use super::pattern;

/// A block that was handed out and not yet taken back.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Where it starts.
    pub address: usize,
    /// The bytes that may be used.
    pub usable: usize,
    /// What it is filled with.
    pub seed: u64,
}

impl Block {
    /// Its memory.
    fn memory(&self) -> &'static mut [u8] {
        // SAFETY: the block is live and known to one worker at a time, which holds no other
        // reference into it; that the core lends the same bytes to nobody else is what is tested.
        unsafe { std::slice::from_raw_parts_mut(self.address as *mut u8, self.usable) }
    }

    /// Fills all that may be used.
    pub fn fill(&self) {
        pattern::fill(self.memory(), self.seed);
    }

    /// Panics unless the first `bytes` are as they were filled.
    pub fn verify_first(&self, bytes: usize, when: &str) {
        if let Some(offset) = pattern::first_difference(&self.memory()[..bytes], self.seed) {
            panic!("{when}: byte {offset} of {self:x?} was changed");
        }
    }

    /// Panics unless the whole block is as it was filled.
    pub fn verify(&self, when: &str) {
        self.verify_first(self.usable, when);
    }

    /// Panics unless the first `bytes` are zero.
    pub fn verify_zero(&self, bytes: usize) {
        if let Some(offset) = pattern::first_nonzero(&self.memory()[..bytes]) {
            panic!("byte {offset} of the zeroed {self:x?} is not zero");
        }
    }
}
