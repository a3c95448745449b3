//! A server loop after Larson and Krishnan: each worker replaces random blocks of a table for a while,
//! then ends and hands its table to a fresh thread, so most blocks are freed by a thread that did not
//! make them, and the makers are gone.

use std::thread;

use super::block::Block;
use super::random::Random;
use crate::Result;

const WORKERS: u64 = 4;
const GENERATIONS: u64 = 20;
const TABLE_BLOCKS: usize = 5_000;

pub fn run(operations: u64) -> Result<u64> {
    let per_generation = operations / WORKERS / GENERATIONS;
    let lines: Vec<_> =
        (0..WORKERS).map(|worker| thread::spawn(move || line(worker, per_generation))).collect();
    let mut checksum = 0_u64;
    for line in lines {
        let sum = line.join().map_err(|_| "a worker died")?;
        checksum = checksum.wrapping_mul(31).wrapping_add(sum);
    }
    Ok(checksum)
}

/// One worker and its successors: only one thread of the line works at a time.
fn line(worker: u64, per_generation: u64) -> u64 {
    let mut random = Random::new(100 + worker);
    let mut make = |_| Block::new(random.between(16, 1_000), worker);
    let mut table: Vec<Block> = (0..TABLE_BLOCKS).map(&mut make).collect();
    let mut checksum = 0_u64;
    for generation in 0..GENERATIONS {
        let seed = worker * GENERATIONS + generation;
        let successor = thread::spawn(move || serve(table, seed, per_generation));
        let Ok((sum, handed_over)) = successor.join() else { return 0 };
        checksum = checksum.wrapping_mul(31).wrapping_add(sum);
        table = handed_over;
    }
    table.into_iter().fold(checksum, |sum, block| sum.wrapping_add(block.release()))
}

fn serve(mut table: Vec<Block>, seed: u64, operations: u64) -> (u64, Vec<Block>) {
    let mut random = Random::new(seed);
    let mut checksum = 0_u64;
    for number in 0..operations {
        let place = random.below(TABLE_BLOCKS);
        let fresh = Block::new(random.between(16, 1_000), number);
        let old = std::mem::replace(&mut table[place], fresh);
        checksum = checksum.rotate_left(1) ^ old.release();
    }
    (checksum, table)
}
