//! Marks what the program can reach.
//!
//! Two passes, each over an explicit stack: the first follows pointers to the start of blocks from the
//! roots, and notes where a pointer leads into the middle of one; the second starts from those that the
//! first did not reach, and follows every pointer. A block is read at most once. That gives Memcheck's
//! kinds: reachable if a chain of pointers to starts leads to a block, possible if some chain does.

use super::batch::{Batch, Hit};
use super::dangling::Collector;
use super::heuristics::counts_as_start;
use super::node::Mark;
use super::stack::Stack;
use super::{Node, Root};
use crate::leaks::facts::Coverage;
use core::ops::Range;

/// So much of a block is read at a time when no other block waits. What is found then is looked up at
/// once: in a list, the next block arrives while the rest of this one is read.
const ALONE: usize = 128;

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
    /// Before the first pass: what counts as reachable whoever leads to it.
    pub fn mark_ignored(&mut self) {
        for (number, node) in self.nodes.iter_mut().enumerate() {
            node.mark = Mark::Lost;
            if node.flags & (Node::IGNORED | Node::FREED) == Node::IGNORED {
                node.mark = Mark::Reachable;
                self.stack.push(number as u32, node);
            }
        }
    }

    /// Whether the first pass has left blocks that it did not reach.
    pub fn is_anything_left(&self) -> bool {
        self.nodes.iter().any(|node| !node.is_freed() && node.mark != Mark::Reachable)
    }

    /// The first pass; over more roots it goes on where it was.
    ///
    /// # Safety
    /// The roots and all blocks that are not freed can be read.
    pub unsafe fn mark_reachable(&mut self, roots: &[Root]) {
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
                    let Some(number) = self.stack.pop(self.nodes) else { break };
                    words = self.nodes[number as usize].words();
                    self.coverage.block_bytes += words.len() as u64;
                }
                let is_alone = self.stack.is_empty() && words.len() > ALONE;
                let end = if is_alone { words.start + ALONE } else { words.end };
                let mut part = words.start..end;
                // SAFETY: the caller's promise.
                unsafe { self.batch.read(&mut part) };
                words.start = part.start;
                if is_alone && !self.batch.is_empty() {
                    break;
                }
            }
            if self.batch.is_empty() {
                debug_assert!(words.is_empty() && self.stack.is_empty());
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
        // Backwards: what was found first is then read first, and allocated first, as a rule.
        batch.resolve_backwards(nodes, |nodes, hit| visit(&mut visitor, nodes, hit));
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
