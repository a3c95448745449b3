//! Marks what the program can reach.
//!
//! Two passes, each over an explicit stack: the first follows pointers to the start of blocks from the
//! roots, and notes where a pointer leads into the middle of one; the second starts from those that the
//! first did not reach, and follows every pointer. A block is read at most once. That gives Memcheck's
//! kinds: reachable if a chain of pointers to starts leads to a block, possible if some chain does.

use super::batch::{Batch, Hit};
use super::dangling::Collector;
use super::heuristics::counts_as_start;
use super::index::prefetch;
use super::node::Mark;
use super::{Node, Root};
use crate::leaks::facts::Coverage;
use core::ops::Range;

/// Blocks that are marked and wait to be read. Every block is marked once in a pass.
pub struct Stack<'a> {
    room: &'a mut [u32],
    count: usize,
}

impl<'a> Stack<'a> {
    /// An empty stack with room for one entry per block.
    pub fn new(room: &'a mut [u32]) -> Self {
        Self { room, count: 0 }
    }

    /// Puts a block on the stack and asks for its memory.
    #[inline(always)]
    fn push(&mut self, number: u32, node: &Node) {
        self.room[self.count] = number;
        self.count += 1;
        prefetch(node.start as *const u8);
        prefetch((node.start + 64) as *const u8);
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<u32> {
        self.count = self.count.checked_sub(1)?;
        Some(self.room[self.count])
    }
}

/// The state of both passes.
pub struct Marker<'a, 'b> {
    /// All blocks.
    pub nodes: &'a mut [Node],
    /// Words that were read.
    pub batch: Batch<'b>,
    /// Blocks to read.
    pub stack: Stack<'a>,
    /// Where pointers to freed blocks go, if they are wanted.
    pub dangling: Option<Collector<'b>>,
    /// See [`counts_as_start`].
    pub is_vtable: &'a dyn Fn(usize) -> bool,
    /// How much was read.
    pub coverage: Coverage,
}

impl Marker<'_, '_> {
    /// The first pass.
    ///
    /// # Safety
    /// The roots and all blocks that are not freed can be read.
    pub unsafe fn mark_reachable(&mut self, roots: &[Root]) {
        for (number, node) in self.nodes.iter_mut().enumerate() {
            node.mark = Mark::Lost;
            if node.flags & (Node::IGNORED | Node::FREED) == Node::IGNORED {
                node.mark = Mark::Reachable;
                self.stack.push(number as u32, node);
            }
        }
        for root in roots {
            let mut words = root.words();
            self.coverage.root_bytes += words.len() as u64;
            while !words.is_empty() {
                // SAFETY: the caller's promise.
                unsafe { self.batch.read(&mut words) };
                self.resolve(Some(root), Self::visit_definite);
                // What was marked just now is still in the cache.
                // SAFETY: the caller's promise.
                unsafe { self.drain(Self::visit_definite) };
            }
        }
        // SAFETY: the caller's promise.
        unsafe { self.drain(Self::visit_definite) };
    }

    /// The second pass.
    ///
    /// # Safety
    /// As for the first.
    pub unsafe fn mark_possible(&mut self) {
        for number in 0..self.nodes.len() {
            let node = &mut self.nodes[number];
            if node.mark == Mark::Inner {
                node.mark = Mark::Possible;
                self.stack.push(number as u32, node);
            }
        }
        // SAFETY: the caller's promise.
        unsafe { self.drain(Self::visit_possible) };
    }

    /// Reads blocks from the stack until none is left.
    #[inline(always)]
    unsafe fn drain(&mut self, visit: impl Fn(&mut Visitor, &mut [Node], Hit) + Copy) {
        let mut words: Range<usize> = 0..0;
        loop {
            while !self.batch.is_full() {
                if words.is_empty() {
                    let Some(number) = self.stack.pop() else { break };
                    words = self.nodes[number as usize].words();
                    self.coverage.block_bytes += words.len() as u64;
                }
                // SAFETY: the caller's promise.
                unsafe { self.batch.read(&mut words) };
            }
            if self.batch.is_empty() {
                return;
            }
            self.resolve(None, visit);
        }
    }

    #[inline(always)]
    fn resolve(&mut self, root: Option<&Root>, visit: impl Fn(&mut Visitor, &mut [Node], Hit)) {
        let Marker { nodes, batch, stack, dangling, is_vtable, .. } = self;
        let mut visitor =
            Visitor { stack, dangling: dangling.as_mut(), root, is_vtable: *is_vtable };
        batch.resolve(nodes, |nodes, hit| visit(&mut visitor, nodes, hit));
    }

    #[inline(always)]
    fn visit_definite(visitor: &mut Visitor, nodes: &mut [Node], hit: Hit) {
        let node = &mut nodes[hit.node as usize];
        if node.mark == Mark::Reachable {
            return;
        }
        if node.is_freed() {
            if let Some(dangling) = &mut visitor.dangling {
                dangling.note(nodes, hit, visitor.root);
            }
        } else if hit.word == node.start || counts_as_start(node, hit.word, visitor.is_vtable) {
            node.mark = Mark::Reachable;
            visitor.stack.push(hit.node, node);
        } else {
            node.mark = Mark::Inner;
        }
    }

    #[inline(always)]
    fn visit_possible(visitor: &mut Visitor, nodes: &mut [Node], hit: Hit) {
        let node = &mut nodes[hit.node as usize];
        if node.mark == Mark::Lost && !node.is_freed() {
            node.mark = Mark::Possible;
            visitor.stack.push(hit.node, node);
        }
    }
}

/// What a visit may touch besides the blocks.
struct Visitor<'v, 's, 'b> {
    stack: &'v mut Stack<'s>,
    dangling: Option<&'v mut Collector<'b>>,
    root: Option<&'v Root>,
    is_vtable: &'v dyn Fn(usize) -> bool,
}
