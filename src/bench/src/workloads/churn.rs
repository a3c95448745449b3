//! Random churn: 20,000 live blocks of 16 to 512 bytes, one replaced at random per operation.

use super::block::Block;
use super::random::Random;
use crate::Result;

const LIVE_BLOCKS: usize = 20_000;

pub fn run(operations: u64) -> Result<u64> {
    let mut random = Random::new(1);
    let mut make = |number: u64| Some(Block::new(random.between(16, 512), number));
    let mut live: Vec<Option<Block>> = (0..LIVE_BLOCKS as u64).map(&mut make).collect();
    let mut places = Random::new(2);
    let mut checksum = 0_u64;
    for number in 0..operations {
        let place = &mut live[places.below(LIVE_BLOCKS)];
        if let Some(block) = place.take() {
            checksum = checksum.rotate_left(1) ^ block.release();
        }
        *place = make(number);
    }
    for block in live.into_iter().flatten() {
        checksum = checksum.wrapping_add(block.release());
    }
    Ok(checksum)
}
