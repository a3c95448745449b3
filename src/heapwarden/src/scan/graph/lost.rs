//! The graph of the lost blocks: who points to whom.
//!
//! Lost blocks are numbered by address and read once, in that order. Pointers of a block to itself do
//! not count, and repeated ones count once where they follow each other. From then on only this graph
//! is used. Memory: a word or two per lost block, four bytes per pointer between them.

use super::Node;
use super::batch::Batch;
use super::index::Index;
use crate::scan::area::Area;
use core::mem::take;

/// Room for pointers is taken in pieces of at least so many.
const PIECE: usize = 64 * 1024;

/// The graph.
pub struct Lost<'a> {
    /// The number among all blocks, by number among the lost ones.
    pub blocks: &'a [u32],
    /// The lost blocks that each points to.
    pub targets: &'a [&'a [u32]],
}

impl<'a> Lost<'a> {
    /// Reads the lost ones of `nodes`. `numbers` is scratch, with a place for each node: the number
    /// among the lost ones. `None` without memory.
    ///
    /// # Safety
    /// All blocks that are not freed can be read.
    pub unsafe fn read(
        nodes: &mut [Node],
        index: &'a Index<'a>,
        numbers: &mut [u32],
        memory: &'a Area,
    ) -> Option<Lost<'a>> {
        let count = nodes.iter().filter(|node| node.is_lost()).count();
        let blocks = memory.alloc_zeroed::<u32>(count)?;
        let lost = nodes.iter().enumerate().filter(|(_, node)| node.is_lost());
        for ((number, block), (node, _)) in blocks.iter_mut().enumerate().zip(lost) {
            *block = node as u32;
            numbers[node] = number as u32;
        }
        let mut edges = Edges {
            blocks,
            numbers,
            targets: memory.alloc_slice::<&[u32]>(count)?,
            current: 0,
            count: 0,
            piece: &mut [],
        };
        let mut batch = Batch::new(index, memory)?;
        let mut promised = 0;
        for block in &*blocks {
            let mut words = nodes[*block as usize].words();
            let most = nodes[*block as usize].size / super::node::WORD;
            if promised < most {
                batch.resolve(nodes, |nodes, hit| edges.add(nodes, hit.at, hit.node));
                edges.close();
                promised = most.max(PIECE);
                edges.piece = memory.alloc_zeroed::<u32>(promised)?;
            }
            promised -= most;
            while !words.is_empty() {
                // SAFETY: the caller's promise.
                unsafe { batch.read(&mut words) };
                if batch.is_full() {
                    batch.resolve(nodes, |nodes, hit| edges.add(nodes, hit.at, hit.node));
                }
            }
        }
        batch.resolve(nodes, |nodes, hit| edges.add(nodes, hit.at, hit.node));
        edges.close();
        Some(Lost { blocks, targets: edges.targets })
    }
}

/// The pointers of the blocks read so far.
struct Edges<'a, 'b> {
    blocks: &'b [u32],
    numbers: &'b [u32],
    targets: &'a mut [&'a [u32]],
    /// The block whose pointers are being added, and how many of them stand at the start of `piece`.
    current: usize,
    count: usize,
    piece: &'a mut [u32],
}

impl Edges<'_, '_> {
    /// Adds a pointer found at `at` to the block with number `target` among all.
    #[inline(always)]
    fn add(&mut self, nodes: &[Node], at: usize, target: u32) {
        while at >= nodes[self.blocks[self.current] as usize].words().end {
            self.close();
            self.current += 1;
        }
        if !nodes[target as usize].is_lost() || target == self.blocks[self.current] {
            return;
        }
        let target = self.numbers[target as usize];
        if self.count > 0 && self.piece[self.count - 1] == target {
            return;
        }
        self.piece[self.count] = target;
        self.count += 1;
    }

    /// Hands the current block its pointers. Those that it has already stay if there are no new ones.
    fn close(&mut self) {
        if self.count > 0 {
            let (done, rest) = take(&mut self.piece).split_at_mut(self.count);
            self.targets[self.current] = done;
            self.piece = rest;
            self.count = 0;
        }
    }
}
