//! The strongly connected components of a graph: blocks that all lead to each other.
//!
//! Tarjan's algorithm over explicit stacks. Cost: linear in blocks and pointers; 20 bytes per block.

use crate::scan::area::Area;

/// The components.
pub struct Components<'a> {
    /// For each block, the one that stands for its component.
    pub of: &'a [u32],
    /// For each block that stands for a component: whether a block outside points into it.
    pub has_predecessor: &'a [bool],
}

/// Not yet in a component.
const NONE: u32 = u32::MAX;

struct Search<'a> {
    of: &'a mut [u32],
    has_predecessor: &'a mut [bool],
    /// The order in which blocks were met, from 1.
    met: &'a mut [u32],
    /// The earliest block that is known to be reachable, by its order.
    low: &'a mut [u32],
    /// The next pointer of a block to follow.
    next: &'a mut [u32],
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
        let scratch = || memory.alloc_zeroed::<u32>(count);
        let mut search = Search {
            of: scratch()?,
            has_predecessor: memory.alloc_slice(count)?,
            met: scratch()?,
            low: scratch()?,
            next: scratch()?,
            path: scratch()?,
            open: scratch()?,
            open_count: 0,
            met_count: 0,
        };
        search.of.fill(NONE);
        for start in 0..count {
            if search.met[start] == 0 {
                search.run(start, targets);
            }
        }
        Some(Components { of: search.of, has_predecessor: search.has_predecessor })
    }

    /// Whether no block outside points into the component of `block`.
    pub fn is_source(&self, block: usize) -> bool {
        !self.has_predecessor[self.of[block] as usize]
    }
}

impl Search<'_> {
    fn run(&mut self, start: usize, targets: &[&[u32]]) {
        let mut depth = 0;
        let mut block = start;
        self.enter(block);
        loop {
            if let Some(target) = targets[block].get(self.next[block] as usize) {
                self.next[block] += 1;
                let target = *target as usize;
                if self.met[target] == 0 {
                    self.path[depth] = block as u32;
                    depth += 1;
                    block = target;
                    self.enter(block);
                } else {
                    self.see(block, target);
                }
                continue;
            }
            if self.low[block] == self.met[block] {
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

    fn enter(&mut self, block: usize) {
        self.met_count += 1;
        self.met[block] = self.met_count;
        self.low[block] = self.met_count;
        self.open[self.open_count] = block as u32;
        self.open_count += 1;
    }

    /// Takes in what a pointer from `block` to `target`, whose search is over or under way, tells.
    fn see(&mut self, block: usize, target: usize) {
        match self.of[target] {
            NONE => self.low[block] = self.low[block].min(self.low[target]),
            component => self.has_predecessor[component as usize] = true,
        }
    }

    /// All blocks met since `block` form a component with it.
    fn close(&mut self, block: usize) {
        loop {
            self.open_count -= 1;
            let member = self.open[self.open_count] as usize;
            self.of[member] = block as u32;
            if member == block {
                return;
            }
        }
    }
}
