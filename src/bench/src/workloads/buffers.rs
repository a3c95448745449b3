//! Big memory: buffers that grow by realloc as they are written, and blocks of 40 KiB to 2 MiB.
//! Every page is touched, so page faults and copies count as they do in a real program.

use super::block::Block;
use super::random::Random;
use crate::Result;

const LIVE_BLOCKS: usize = 32;
const LARGEST_BUFFER_BYTES: usize = 4 << 20;
const BLOCKS_PER_ROUND: usize = 24;

pub fn run(operations: u64) -> Result<u64> {
    let mut random = Random::new(11);
    let mut live: Vec<Block> = (0..LIVE_BLOCKS).map(|_| big_block(&mut random, 0)).collect();
    let mut checksum = 0_u64;
    for round in 0..operations {
        checksum = checksum.rotate_left(1) ^ grow_two_buffers(&mut random, round);
        for _ in 0..BLOCKS_PER_ROUND {
            let fresh = big_block(&mut random, round);
            let place = random.below(LIVE_BLOCKS);
            let old = std::mem::replace(&mut live[place], fresh);
            checksum = checksum.rotate_left(1) ^ old.release();
        }
    }
    Ok(live.into_iter().fold(checksum, |sum, block| sum.wrapping_add(block.release())))
}

/// Sizes spread evenly over the doublings between 40 KiB and 2 MiB, as blocks in programs are.
fn big_block(random: &mut Random, mark: u64) -> Block {
    let doubling = random.below(6);
    let low = (40 << 10) << doubling;
    let size = random.between(low, (low * 2).min(2 << 20));
    let mut block = Block::new(size, mark);
    block.touch(4096);
    block
}

/// Two buffers that grow by turns, so that neither can always grow in place.
fn grow_two_buffers(random: &mut Random, mark: u64) -> u64 {
    let target = random.between(64 << 10, LARGEST_BUFFER_BYTES);
    let mut first = Block::new(64, mark);
    let mut second = Block::new(48, mark + 1);
    while first.size() < target {
        for buffer in [&mut first, &mut second] {
            let old_size = buffer.size();
            buffer.resize(old_size + old_size / 2 + 16);
            buffer.touch(old_size.max(8));
        }
    }
    first.release() ^ second.release().rotate_left(7)
}
