//! Scenario (c): a long random mix whose sizes shift from phase to phase, under a fixed budget of live
//! bytes. The holes that one phase leaves do not fit the next, and some blocks stay for long. A fifth of
//! the blocks are of 40 to 400 KiB, which page runs serve: there the placement policy decides.

use crate::workloads::Random;
use crate::workloads::block::Block;

use super::books::Books;

pub const WHAT: &str = "\
1.2 million requests in thirty phases: half of 16 to 512 bytes, some up to 16 KiB, a fifth of 40 to 400 KiB from \
a window that moves with the phase; random blocks are freed so that at most 96 MiB are live. One block \
in 256 stays until the end, up to 24 MiB spread over all phases. Every page is touched. At the end everything but the long-lived blocks is \
freed. \"Peak ratio\" is peak RSS divided by peak live bytes.";

const PHASES: usize = 30;
const REQUESTS_PER_PHASE: usize = 40_000;
const LIVE_BYTES_MAX: usize = 96 << 20;
const LONG_LIVED_BYTES_MAX: usize = 24 << 20;
const WINDOW_BYTES: usize = 60 << 10;

pub fn run(books: &mut Books) {
    let mut random = Random::new(51);
    let mut live: Vec<Block> = Vec::with_capacity(1 << 18);
    let mut long_lived: Vec<Block> = Vec::with_capacity(1 << 14);
    let (mut live_bytes, mut long_lived_bytes, mut peak_bytes) = (0, 0, 0);
    for phase in 0..PHASES {
        let long_lived_bytes_max = LONG_LIVED_BYTES_MAX / PHASES * (phase + 1);
        for _ in 0..REQUESTS_PER_PHASE {
            let mut block = Block::new(size(&mut random, phase), 0);
            block.touch(0);
            live_bytes += block.size();
            let stays = random.below(256) == 0;
            if stays && long_lived_bytes + block.size() <= long_lived_bytes_max {
                long_lived_bytes += block.size();
                long_lived.push(block);
            } else {
                live.push(block);
            }
            peak_bytes = peak_bytes.max(live_bytes);
            while live_bytes > LIVE_BYTES_MAX {
                let place = random.below(live.len());
                let block = live.swap_remove(place);
                live_bytes -= block.size();
                block.release();
            }
        }
    }
    books.note_time();
    let peak_live = peak_bytes as f64 / f64::from(1 << 20);
    books.note("live at most (MiB)", peak_live);
    books.note_peaks();
    let peak_resident = books.value("peak RSS (MiB)");
    books.note("peak ratio", peak_resident / peak_live);
    for block in live {
        block.release();
    }
    books.note("still live (MiB)", long_lived_bytes as f64 / f64::from(1 << 20));
    books.note_resident("RSS after frees");
    // SAFETY: malloc_trim may be called at any time.
    unsafe { libc::malloc_trim(0) };
    books.note_resident("trimmed");
    for block in long_lived {
        block.release();
    }
}

fn size(random: &mut Random, phase: usize) -> usize {
    match random.below(10) {
        0..=4 => random.between(16, 512),
        5..=7 => random.between(512, (2 << 10) << (phase % 4)),
        _ => {
            // The window jumps up and down, so that no phase simply fits into its predecessor's holes.
            let low = (40 << 10) + phase * 5 % 6 * WINDOW_BYTES;
            random.between(low, low + WINDOW_BYTES)
        }
    }
}
