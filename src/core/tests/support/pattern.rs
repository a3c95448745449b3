//! What a block is filled with: bytes that follow from a seed, so that a block whose memory was
//! written through another one is told from its neighbours.
//!
//! Chunks of a random table, shifted from chunk to chunk: filled and compared at the speed of
//! memcpy, also in a debug build.

use super::random::Random;
use std::sync::OnceLock;

const CHUNK: usize = 2048;

fn table() -> &'static [u8; 2 * CHUNK] {
    static TABLE: OnceLock<[u8; 2 * CHUNK]> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut random = Random::new(1);
        // Never 0, so that a block that was zeroed by mistake is seen.
        std::array::from_fn(|_| random.between(1, 255) as u8)
    })
}

fn chunk(seed: u64, number: usize, bytes: usize) -> &'static [u8] {
    let start = (seed as usize).wrapping_add(number * 37) % CHUNK;
    &table()[start..start + bytes]
}

/// Fills `memory` with the pattern of `seed`.
pub fn fill(memory: &mut [u8], seed: u64) {
    for (number, part) in memory.chunks_mut(CHUNK).enumerate() {
        part.copy_from_slice(chunk(seed, number, part.len()));
    }
}

/// The first offset at which `memory` differs from the pattern of `seed`.
pub fn first_difference(memory: &[u8], seed: u64) -> Option<usize> {
    for (number, part) in memory.chunks(CHUNK).enumerate() {
        let expected = chunk(seed, number, part.len());
        if part != expected {
            let within = part.iter().zip(expected).position(|(found, wanted)| found != wanted);
            return within.map(|offset| number * CHUNK + offset);
        }
    }
    None
}

/// The first offset at which `memory` is not zero.
pub fn first_nonzero(memory: &[u8]) -> Option<usize> {
    static ZEROES: [u8; CHUNK] = [0; CHUNK];
    for (number, part) in memory.chunks(CHUNK).enumerate() {
        if part != &ZEROES[..part.len()] {
            let within = part.iter().position(|byte| *byte != 0);
            return within.map(|offset| number * CHUNK + offset);
        }
    }
    None
}
