//! Scenario (b): a heap that is thinned out at random; how much of it goes back to the kernel?

use std::thread::sleep;
use std::time::Duration;

use crate::workloads::Random;
use crate::workloads::block::Block;

use super::books::Books;

pub const WHAT: &str = "\
100,000 blocks of 1,000 bytes (95.4 MiB), of which 90 % are freed in random order, so that 9.5 MiB stay \
live. Resident memory right after, after a pause of 1.5 s with a few requests, after `malloc_trim(0)`, \
and when the rest is freed and trimmed too.";

const BLOCKS: usize = 100_000;
const BLOCK_BYTES: usize = 1_000;
const KEPT: usize = BLOCKS / 10;

pub fn run(books: &mut Books) {
    let mut random = Random::new(41);
    let mut live: Vec<Block> = Vec::with_capacity(BLOCKS);
    for _ in 0..BLOCKS {
        let mut block = Block::new(BLOCK_BYTES, 0);
        block.fill(1);
        live.push(block);
    }
    books.note_resident("full");
    while live.len() > KEPT {
        let place = random.below(live.len());
        live.swap_remove(place).release();
    }
    books.note_time();
    books.note_resident("90 % freed");
    idle_a_little();
    books.note_resident("after a pause");
    trim();
    books.note_resident("trimmed");
    books.note_peaks();
    for block in live {
        block.release();
    }
    trim();
    books.note_resident("all freed and trimmed");
}

/// A program that is not busy still allocates now and then; that is when a decay can act.
fn idle_a_little() {
    for _ in 0..30 {
        sleep(Duration::from_millis(50));
        Block::new(64, 0).release();
        Block::new(50_000, 0).release();
    }
}

fn trim() {
    // SAFETY: malloc_trim may be called at any time.
    unsafe { libc::malloc_trim(0) };
}
