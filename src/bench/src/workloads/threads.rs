//! Many short-lived threads: each allocates, frees half, and leaves the rest to whoever joins it.

use std::thread;

use super::block::Block;
use super::random::Random;
use crate::Result;

const AT_A_TIME: u64 = 4;
const BLOCKS_PER_THREAD: usize = 200;

pub fn run(operations: u64) -> Result<u64> {
    let mut checksum = 0_u64;
    let mut first = 0;
    while first < operations {
        let numbers = first..operations.min(first + AT_A_TIME);
        let group: Vec<_> = numbers.map(|number| thread::spawn(move || visit(number))).collect();
        for visitor in group {
            let (sum, left_over) = visitor.join().map_err(|_| "a thread died")?;
            checksum = checksum.rotate_left(1) ^ sum;
            for block in left_over {
                checksum = checksum.wrapping_add(block.release());
            }
        }
        first += AT_A_TIME;
    }
    Ok(checksum)
}

fn visit(number: u64) -> (u64, Vec<Block>) {
    let mut random = Random::new(number);
    let mut make = |_| Block::new(random.between(16, 800), number);
    let mut blocks: Vec<Block> = (0..BLOCKS_PER_THREAD).map(&mut make).collect();
    let freed = blocks.split_off(BLOCKS_PER_THREAD / 2);
    let sum = freed.into_iter().fold(0_u64, |sum, block| sum.wrapping_add(block.release()));
    (sum, blocks)
}
