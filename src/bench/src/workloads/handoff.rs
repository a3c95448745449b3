//! Two threads that hand blocks to each other: every block is freed by the thread that did not make it.
//!
//! The blocks travel in batches through a bounded mailbox in each direction, so the threads mostly
//! work and seldom wait, and what is measured is the way home of a block freed elsewhere.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::block::Block;
use super::random::Random;
use crate::Result;

const BATCH_BLOCKS: usize = 256;
const MAILBOX_BATCHES: usize = 16;

pub fn run(operations: u64) -> Result<u64> {
    let batches = operations / 2 / BATCH_BLOCKS as u64;
    let (to_right, from_left) = sync_channel(MAILBOX_BATCHES);
    let (to_left, from_right) = sync_channel(MAILBOX_BATCHES);
    let right = thread::spawn(move || partner(2, batches, &to_left, &from_left));
    let left = partner(1, batches, &to_right, &from_right);
    let right = right.join().map_err(|_| "the second thread died")?;
    Ok(left.wrapping_mul(31).wrapping_add(right))
}

type Batch = Vec<Block>;

/// Sends `batches` batches and frees as many; taking turns keeps both mailboxes from filling up.
fn partner(seed: u64, batches: u64, out: &SyncSender<Batch>, into: &Receiver<Batch>) -> u64 {
    let mut random = Random::new(seed);
    let mut checksum = 0_u64;
    let mut empty = Some(Vec::with_capacity(BATCH_BLOCKS));
    for number in 0..batches {
        let mut batch = empty.take().unwrap_or_else(|| Vec::with_capacity(BATCH_BLOCKS));
        for _ in 0..BATCH_BLOCKS {
            batch.push(Block::new(random.between(16, 256), number));
        }
        if out.send(batch).is_err() {
            break;
        }
        let Ok(mut batch) = into.recv() else { break };
        for block in batch.drain(..) {
            checksum = checksum.wrapping_mul(31).wrapping_add(block.release());
        }
        empty = Some(batch);
    }
    checksum
}
