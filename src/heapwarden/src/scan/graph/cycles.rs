//! Cycles: lost blocks that keep each other alive, told as one finding with a culprit and a walk.
//!
//! The culprit is the member whose call site made the fewest of the members (an owner is rarer than
//! its parts; blocks of unknown origin come last), among these the one with the lowest address. The
//! walk is a shortest one from the culprit back to it, found by breadth.

use super::Node;
use super::components::Components;
use super::list::List;
use super::lost::Lost;
use super::node::{WORD, read};
use crate::leaks::facts::Edge;
use crate::scan::area::Area;
use core::ops::Range;

/// Longer walks are cut: their last edge, back to the culprit, follows after the gap.
pub const EDGES_MAX: usize = 16;

/// What is known of a cycle.
pub struct Cycle {
    /// The block to name.
    pub culprit: u32,
    /// The hash of the set of its call sites.
    pub hash: u64,
}

/// Examines cycles, and keeps the edges of those that are told.
pub struct Cycles<'g, 'a> {
    nodes: &'g [Node],
    lost: &'g Lost<'a>,
    components: &'g Components<'a>,
    edges: List<'a, Edge>,
    /// For each block, the one before it on the walk, counted from 1; 0 before it is met.
    before: &'a mut [u32],
    queue: &'a mut [u32],
}

impl<'g, 'a> Cycles<'g, 'a> {
    /// Nothing examined yet. `None` when there is no memory.
    pub fn new(
        nodes: &'g [Node],
        lost: &'g Lost<'a>,
        components: &'g Components<'a>,
        memory: &'a Area,
    ) -> Option<Self> {
        let count = lost.blocks.len();
        let before = memory.alloc_zeroed(count)?;
        let queue = memory.alloc_zeroed(count)?;
        Some(Self { nodes, lost, components, edges: List::new(memory), before, queue })
    }

    fn node(&self, block: u32) -> &'g Node {
        &self.nodes[self.lost.blocks[block as usize] as usize]
    }

    /// The culprit among the members of a cycle, and its sort. Sorts the members.
    pub fn examine(&self, members: &mut [u32]) -> Cycle {
        members.sort_unstable_by_key(|block| (self.node(*block).site, *block));
        let mut best = (true, usize::MAX, members[0]);
        let mut hash = 0u64;
        for same in members.chunk_by(|one, other| self.node(*one).site == self.node(*other).site) {
            let site = self.node(same[0]).site;
            best = best.min((site == 0, same.len(), same[0]));
            hash = (hash ^ u64::from(site)).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            hash ^= hash >> 29;
        }
        Cycle { culprit: best.2, hash }
    }

    /// Finds the walk from a culprit back to it; returns its place among the edges. `None` without
    /// memory. A component is walked once.
    ///
    /// # Safety
    /// All blocks that are not freed can be read.
    pub unsafe fn walk(&mut self, culprit: u32) -> Option<Range<usize>> {
        let last = self.search(culprit);
        // Backwards from the last block before the culprit; the queue is free to hold it.
        let mut count = 0;
        let mut block = last;
        loop {
            self.queue[count] = block;
            count += 1;
            if block == culprit {
                break;
            }
            block = self.before[block as usize] - 1;
        }
        let first = self.edges.as_slice().len();
        let shown = count.min(EDGES_MAX);
        for step in (0..count).rev().take(shown - 1) {
            // SAFETY: the caller's promise.
            unsafe { self.add_edge(self.queue[step], self.queue[step - 1]) }?;
        }
        // SAFETY: the caller's promise.
        unsafe { self.add_edge(last, culprit) }?;
        Some(first..first + shown)
    }

    /// Searches the culprit's component by breadth; returns a nearest block that points back to it.
    fn search(&mut self, culprit: u32) -> u32 {
        let component = self.components.of(culprit);
        self.queue[0] = culprit;
        let (mut done, mut met) = (0, 1);
        while done < met {
            let block = self.queue[done];
            done += 1;
            for target in self.lost.targets[block as usize] {
                if *target == culprit {
                    return block;
                }
                let is_new = self.before[*target as usize] == 0;
                if is_new && self.components.of(*target) == component {
                    self.before[*target as usize] = block + 1;
                    self.queue[met] = *target;
                    met += 1;
                }
            }
        }
        // A component of several blocks leads back to each of them.
        culprit
    }

    /// Adds the first pointer in `from` that leads to `to`.
    ///
    /// # Safety
    /// `from` can be read.
    unsafe fn add_edge(&mut self, from: u32, to: u32) -> Option<()> {
        let (from, to) = (self.node(from), self.node(to));
        // SAFETY: the caller's promise.
        let reads = from.words().step_by(WORD).map(|at| (at, unsafe { read(at) }));
        let leads = |word: &usize| (to.start..to.end_of_starts()).contains(word);
        // What was seen once is there still, unless a thread that could not be stopped has changed it.
        let (at, word) = { reads }.find(|(_, word)| leads(word)).unwrap_or((from.start, to.start));
        self.edges.push(Edge {
            from: from.start,
            from_site: from.site,
            offset: at - from.start,
            to: to.start,
            to_offset: word - to.start,
        })?;
        Some(())
    }

    /// The edges of all walks.
    pub fn finish(self) -> &'a [Edge] {
        self.edges.finish()
    }
}
