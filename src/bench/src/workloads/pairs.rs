//! Pairs of malloc and free of one size: the shortest way through an allocator.

use super::block::Block;
use crate::Result;

const SIZE: usize = 100;

pub fn run(operations: u64) -> Result<u64> {
    let mut checksum = 0_u64;
    for number in 0..operations {
        checksum = checksum.wrapping_add(Block::new(SIZE, number).release());
    }
    Ok(checksum)
}
