//! A shadow of the heap: which bytes are out, and to whom.

use super::block::Block;
use super::random::Random;
use std::collections::BTreeMap;

/// Live blocks, by address and in a list to pick from.
#[derive(Default)]
pub struct Shadow {
    ends: BTreeMap<usize, usize>,
    blocks: Vec<Block>,
    bytes: usize,
}

impl Shadow {
    /// Enters a block; panics when it overlaps another.
    pub fn insert(&mut self, block: Block) {
        let end = block.address + block.usable;
        if let Some((start, other_end)) = self.ends.range(..end).next_back() {
            assert!(
                *other_end <= block.address,
                "{block:x?} overlaps the live block [{start:#x}, {other_end:#x})"
            );
        }
        self.ends.insert(block.address, end);
        self.blocks.push(block);
        self.bytes += block.usable;
    }

    /// Removes any block and returns it.
    pub fn take(&mut self, random: &mut Random) -> Option<Block> {
        if self.blocks.is_empty() {
            return None;
        }
        let block = self.blocks.swap_remove(random.below(self.blocks.len()));
        self.ends.remove(&block.address);
        self.bytes -= block.usable;
        Some(block)
    }

    /// Any block.
    pub fn any(&self, random: &mut Random) -> Option<Block> {
        match self.blocks.len() {
            0 => None,
            count => Some(self.blocks[random.below(count)]),
        }
    }

    /// All blocks.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Bytes of all blocks.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The end of the block that starts at `address`.
    pub fn end_of(&self, address: usize) -> Option<usize> {
        self.ends.get(&address).copied()
    }
}
