//! Reads memory for pointers, many at a time.
//!
//! A pointer costs two cache misses to look up, and then a branch that waits for them. Words that
//! could be pointers are therefore gathered from as many blocks as it takes, and looked up together
//! in three passes, each of which asks for what the next one needs. Reading is free of branches: every
//! word is stored and the count goes up if it is near the heap.

use super::Node;
use super::index::Index;
use super::node::{WORD, read};
use crate::scan::area::Area;
use core::ops::Range;

const CAPACITY: usize = 256;

/// A pointer into a block.
#[derive(Clone, Copy)]
pub struct Hit {
    /// The number of the block.
    pub node: u32,
    /// The pointer.
    pub word: usize,
    /// Where it was found.
    pub at: usize,
}

/// Words that could be pointers.
pub struct Batch<'a> {
    index: &'a Index<'a>,
    words: &'a mut [usize; CAPACITY],
    places: &'a mut [usize; CAPACITY],
    slots: &'a mut [u32; CAPACITY],
    count: usize,
}

impl<'a> Batch<'a> {
    /// An empty batch. `None` when there is no memory.
    pub fn new(index: &'a Index<'a>, memory: &'a Area) -> Option<Self> {
        Some(Self {
            index,
            words: memory.alloc_slice(CAPACITY)?.try_into().ok()?,
            places: memory.alloc_slice(CAPACITY)?.try_into().ok()?,
            slots: memory.alloc_slice(CAPACITY)?.try_into().ok()?,
            count: 0,
        })
    }

    /// Whether nothing more can be read before [`resolve`](Self::resolve).
    #[inline(always)]
    pub fn is_full(&self) -> bool {
        self.count == CAPACITY
    }

    /// Whether there is nothing to resolve.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Reads on in `range`, which shrinks to what is left when the batch is full.
    ///
    /// # Safety
    /// The range consists of aligned, readable words.
    #[inline(always)]
    pub unsafe fn read(&mut self, range: &mut Range<usize>) {
        let mut at = range.start;
        while at < range.end && self.count < CAPACITY {
            let stop = range.end.min(at + (CAPACITY - self.count) * WORD);
            let mut count = self.count;
            while at < stop {
                // SAFETY: the caller's promise.
                let word = unsafe { read(at) };
                // SAFETY: there is room for as many words as there are up to `stop`.
                unsafe {
                    *self.words.get_unchecked_mut(count) = word;
                    *self.places.get_unchecked_mut(count) = at;
                }
                count += usize::from(self.index.is_near(word));
                at += WORD;
            }
            self.count = count;
        }
        range.start = at;
    }

    /// Looks all of them up, in the order in which they were read, and empties the batch.
    #[inline(always)]
    pub fn resolve(&mut self, nodes: &mut [Node], mut visit: impl FnMut(&mut [Node], Hit)) {
        for entry in 0..self.look_up(nodes) {
            self.visit(nodes, entry, &mut visit);
        }
    }

    /// The same, in the opposite order.
    #[inline(always)]
    pub fn resolve_backwards(
        &mut self,
        nodes: &mut [Node],
        mut visit: impl FnMut(&mut [Node], Hit),
    ) {
        for entry in (0..self.look_up(nodes)).rev() {
            self.visit(nodes, entry, &mut visit);
        }
    }

    /// Asks for all that the entries need; returns their number, and empties the batch.
    #[inline(always)]
    fn look_up(&mut self, nodes: &[Node]) -> usize {
        let count = self.count.min(CAPACITY);
        self.count = 0;
        let slots = &mut self.slots[..count];
        for (slot, word) in slots.iter_mut().zip(&self.words[..count]) {
            *slot = self.index.slot(*word);
            self.index.prefetch(*slot);
        }
        for slot in slots.iter() {
            self.index.prefetch_node(nodes, *slot);
        }
        count
    }

    #[inline(always)]
    fn visit(&self, nodes: &mut [Node], entry: usize, visit: &mut impl FnMut(&mut [Node], Hit)) {
        let (word, at) = (self.words[entry], self.places[entry]);
        if let Some(node) = self.index.find_from(nodes, self.slots[entry], word) {
            visit(nodes, Hit { node, word, at });
        }
    }
}
