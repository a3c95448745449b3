//! Scenario (a), the textbook's: messages of mixed sizes, every second one freed, then bigger requests
//! for as many bytes as were freed.

use crate::workloads::Random;
use crate::workloads::block::Block;

use super::books::Books;

pub const WHAT: &str = "\
1,000 messages of 10 to 1000 bytes, every second one freed, then requests of 5,000 bytes for as many \
bytes as were freed. \"In the gaps\" counts the requests that lie between the lowest and the highest \
message.";

const MESSAGES: usize = 1_000;
const REQUEST_BYTES: usize = 5_000;

pub fn run(books: &mut Books) {
    let mut random = Random::new(31);
    let mut messages: Vec<Option<Block>> = Vec::with_capacity(MESSAGES);
    let mut requests: Vec<Block> = Vec::with_capacity(MESSAGES);
    for _ in 0..MESSAGES {
        messages.push(Some(filled(random.between(10, 1_000))));
    }
    books.note_resident("with all messages");
    let addresses: Vec<usize> = messages.iter().flatten().map(Block::address).collect();
    let (Some(&lowest), Some(&highest)) = (addresses.iter().min(), addresses.iter().max()) else {
        return;
    };

    let mut freed_bytes = 0;
    for message in messages.iter_mut().step_by(2).filter_map(Option::take) {
        freed_bytes += message.size();
        message.release();
    }
    for _ in 0..freed_bytes / REQUEST_BYTES {
        requests.push(filled(REQUEST_BYTES));
    }
    let inside = |block: &&Block| (lowest..highest).contains(&block.address());
    books.note_resident("with the requests");
    books.note("requests", requests.len() as f64);
    books.note("in the gaps", requests.iter().filter(inside).count() as f64);
    books.note_peaks();
    books.note_time();

    for block in messages.into_iter().flatten().chain(requests) {
        block.release();
    }
    // SAFETY: malloc_trim may be called at any time.
    unsafe { libc::malloc_trim(0) };
    books.note_resident("all freed and trimmed");
}

fn filled(size: usize) -> Block {
    let mut block = Block::new(size, 0);
    block.fill(1);
    block
}
