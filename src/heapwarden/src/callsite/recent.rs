//! The call sites that a thread met lately.
//!
//! A stack is recognised by the 64 bits of its hash and the low 32 of its innermost frame; frames
//! are compared only in the shared table. That two of the stacks of a program agree in all of these
//! is less likely than a bit flipping in memory.
//! Cost: 16 KiB a thread.

use crate::unwind::DEPTH_MAX;

const SETS: usize = 512;
const WAYS: usize = 2;

#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    innermost: u32,
    site: u32,
}

/// The memory of one thread. All zero is valid and empty.
pub struct Recent {
    last_depth: u32,
    last_count: u32,
    last_site: u32,
    entries: [[Entry; WAYS]; SETS],
    stack: [usize; DEPTH_MAX],
}

impl Recent {
    /// The call site of the last stack, if the same part of it is wanted.
    #[inline(always)]
    pub fn last(&self, depth: usize, count: usize) -> Option<u32> {
        let is_last = self.last_site != 0
            && self.last_depth as usize == depth
            && self.last_count as usize == count;
        is_last.then_some(self.last_site)
    }

    /// Notes the call site of the last stack.
    #[inline(always)]
    pub fn set_last(&mut self, depth: usize, count: usize, site: u32) {
        (self.last_depth, self.last_count) = (depth as u32, count as u32);
        self.last_site = site;
    }

    /// The last stack is another one now.
    #[inline(always)]
    pub fn forget_last(&mut self) {
        self.last_site = 0;
    }

    /// The call site with that hash and innermost frame.
    #[inline(always)]
    pub fn get(&self, hash: u64, innermost: usize) -> Option<u32> {
        let set = &self.entries[hash as usize % SETS];
        let is_it = |entry: &&Entry| {
            entry.hash == hash && entry.innermost == innermost as u32 && entry.site != 0
        };
        set.iter().find(is_it).map(|entry| entry.site)
    }

    /// Remembers a call site; the one of its set that came before the last is forgotten.
    pub fn put(&mut self, hash: u64, innermost: usize, site: u32) {
        let set = &mut self.entries[hash as usize % SETS];
        set.rotate_right(1);
        set[0] = Entry { hash, innermost: innermost as u32, site };
    }

    /// The frames in one piece.
    pub fn gather(&mut self, frames: impl Iterator<Item = usize>) -> &[usize] {
        let mut count = 0;
        for (place, frame) in self.stack.iter_mut().zip(frames) {
            *place = frame;
            count += 1;
        }
        &self.stack[..count]
    }
}
