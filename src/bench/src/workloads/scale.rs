//! Cost per operation as the heap grows from 10^3 to 10^7 live blocks of 32 bytes.
//!
//! At every decade four costs are printed to stderr, in nanoseconds of
//! processor time:
//! `grow`: one more malloc on the way up, first touch of new memory included;
//! `pair`: malloc and free of one block beside the live ones, which must stay flat;
//! `replace`: free of a random live block and malloc of another, 1,000 frees and then 1,000 mallocs at
//! a time, so that thread caches overflow;
//! `touch`: the same random visits without malloc or free. A heap of 10^7 blocks fits in no cache, and
//! this is the price of that which no allocator can avoid; compare `replace` with it.

use super::block::Block;
use super::random::Random;
use crate::Result;
use crate::clock::thread_time;

const SIZE: usize = 32;
const BATCH: usize = 1_000;
const SMALLEST: u64 = 1_000;
const MEASURED_OPERATIONS: usize = 1_000_000;

pub fn run(operations: u64) -> Result<u64> {
    let mut live: Vec<Block> = Vec::with_capacity(operations as usize);
    let mut random = Random::new(21);
    let mut checksum = 0_u64;
    let mut decade = SMALLEST;
    while decade <= operations {
        let missing = decade as usize - live.len();
        let grow = per_operation(missing, || {
            live.extend((0..missing as u64).map(|number| Block::new(SIZE, number)));
        });
        let pair = per_operation(MEASURED_OPERATIONS, || {
            for number in 0..MEASURED_OPERATIONS as u64 {
                checksum = checksum.wrapping_add(Block::new(SIZE, number).release());
            }
        });
        let replace = per_operation(MEASURED_OPERATIONS, || {
            for _ in 0..MEASURED_OPERATIONS / BATCH {
                checksum = checksum.rotate_left(1) ^ replace_batch(&mut live, &mut random);
            }
        });
        let touch = per_operation(MEASURED_OPERATIONS, || {
            for _ in 0..MEASURED_OPERATIONS {
                let place = random.below(live.len());
                checksum = checksum.rotate_left(1) ^ live[place].mark();
            }
        });
        eprintln!("scale {decade} {grow:.1} {pair:.1} {replace:.1} {touch:.1}");
        decade *= 10;
    }
    Ok(live.into_iter().fold(checksum, |sum, block| sum.wrapping_add(block.release())))
}

fn replace_batch(live: &mut Vec<Block>, random: &mut Random) -> u64 {
    let mut checksum = 0_u64;
    for _ in 0..BATCH {
        let place = random.below(live.len());
        checksum = checksum.wrapping_add(live.swap_remove(place).release());
    }
    live.extend((0..BATCH as u64).map(|number| Block::new(SIZE, number)));
    checksum
}

fn per_operation(operations: usize, work: impl FnOnce()) -> f64 {
    let start = thread_time();
    work();
    (thread_time() - start).as_nanos() as f64 / operations as f64
}
