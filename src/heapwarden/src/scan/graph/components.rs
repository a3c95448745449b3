//! The strongly connected components of a graph: blocks that all lead to each other.
//!
//! Tarjan's algorithm over explicit stacks. Cost: linear in blocks and pointers, and about a cache miss
//! for each, since all that is known of a block stands together; 28 bytes per block.

use super::index::prefetch;
use crate::scan::area::Area;

/// The components.
pub struct Components<'a> {
    blocks: &'a [State],
    /// For each block that stands for a component: whether a block outside points into it.
    has_predecessor: &'a [bool],
}

/// What is known of a block.
#[derive(Clone, Copy)]
struct State {
    /// The block that stands for its component.
    component: u32,
    /// The place in the order in which blocks are met, from 1.
    met: u32,
    /// The earliest block that is known to be reachable, by that order.
    low: u32,
    /// The next pointer to follow.
    next: u32,
}

/// So many of a block's targets are asked for before they are followed.
const PREFETCHED: usize = 8;
/// Not yet in a component.
const NONE: u32 = u32::MAX;

impl Default for State {
    fn default() -> Self {
        Self { component: NONE, met: 0, low: 0, next: 0 }
    }
}

struct Search<'a> {
    blocks: &'a mut [State],
    has_predecessor: &'a mut [bool],
    /// Blocks on the way from the start of the search to where it is.
    path: &'a mut [u32],
    /// Blocks met that are not yet in a component.
    open: &'a mut [u32],
    open_count: usize,
    met_count: u32,
}

impl<'a> Components<'a> {
    /// Those of the graph in which each block points to its `targets`. `None` without memory.
    pub fn new(targets: &[&[u32]], memory: &'a Area) -> Option<Components<'a>> {
        let count = targets.len();
        let mut search = Search {
            blocks: memory.alloc_slice(count)?,
            has_predecessor: memory.alloc_slice(count)?,
            path: memory.alloc_zeroed(count)?,
            open: memory.alloc_zeroed(count)?,
            open_count: 0,
            met_count: 0,
        };
        for start in 0..count {
            if search.blocks[start].met == 0 {
                search.run(start, targets);
            }
        }
        Some(Components { blocks: search.blocks, has_predecessor: search.has_predecessor })
    }

    /// The block that stands for the component of `block`.
    #[inline(always)]
    pub fn of(&self, block: u32) -> u32 {
        self.blocks[block as usize].component
    }

    /// Whether no block outside points into the component of `block`.
    pub fn is_source(&self, block: u32) -> bool {
        !self.has_predecessor[self.of(block) as usize]
    }
}

impl Search<'_> {
    fn run(&mut self, start: usize, targets: &[&[u32]]) {
        let mut depth = 0;
        let mut block = start;
        self.enter(block, targets);
        loop {
            let state = &mut self.blocks[block];
            if let Some(target) = targets[block].get(state.next as usize) {
                state.next += 1;
                let target = *target as usize;
                if self.blocks[target].met == 0 {
                    self.path[depth] = block as u32;
                    depth += 1;
                    block = target;
                    self.enter(block, targets);
                } else {
                    self.see(block, target);
                }
                continue;
            }
            if state.low == state.met {
                self.close(block);
            }
            if depth == 0 {
                return;
            }
            depth -= 1;
            let done = block;
            block = self.path[depth] as usize;
            self.see(block, done);
        }
    }

    fn enter(&mut self, block: usize, targets: &[&[u32]]) {
        for target in targets[block].iter().take(PREFETCHED) {
            prefetch(self.blocks.as_ptr().wrapping_add(*target as usize).cast());
            prefetch(targets.as_ptr().wrapping_add(*target as usize).cast());
        }
        self.met_count += 1;
        let state = &mut self.blocks[block];
        (state.met, state.low) = (self.met_count, self.met_count);
        self.open[self.open_count] = block as u32;
        self.open_count += 1;
    }

    /// Takes in what a pointer from `block` to `target`, whose search is over or under way, tells.
    fn see(&mut self, block: usize, target: usize) {
        let State { component, low, .. } = self.blocks[target];
        if component == NONE {
            let state = &mut self.blocks[block];
            state.low = state.low.min(low);
        } else {
            self.has_predecessor[component as usize] = true;
        }
    }

    /// All blocks met since `block` form a component with it.
    fn close(&mut self, block: usize) {
        loop {
            self.open_count -= 1;
            let member = self.open[self.open_count] as usize;
            self.blocks[member].component = block as u32;
            if member == block {
                return;
            }
        }
    }
}
