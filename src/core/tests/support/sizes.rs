//! Sizes and alignments to ask for: mostly small as in real programs, and often one byte to
//! either side of where the core changes its mind.

use super::random::Random;
use heapwarden_core::size_class::{CLASSES, SMALL_MAX, TABLE, TABLE_MAX};

const PAGE: usize = 4096;
/// No heap serves this or more: always a direct block.
const ALWAYS_DIRECT: usize = 32 << 20;

/// One byte to either side of `edge`, or the edge.
fn around(random: &mut Random, edge: usize) -> usize {
    (edge + random.below(3)).saturating_sub(1)
}

/// An edge of a size class.
pub fn class_edge(random: &mut Random) -> usize {
    let class = random.between(1, CLASSES - 1);
    around(random, TABLE[class].slot_bytes as usize)
}

/// A size.
pub fn size(random: &mut Random) -> usize {
    match random.below(1000) {
        0..400 => random.below(513),
        400..580 => class_edge(random),
        580..640 => {
            let edge = [0, TABLE_MAX, SMALL_MAX, PAGE][random.below(4)];
            around(random, edge)
        }
        640..760 => random.between(513, SMALL_MAX),
        760..880 => random.between(SMALL_MAX, 256 * 1024),
        880..930 => {
            let pages = random.between(1, 300);
            around(random, pages * PAGE)
        }
        930..965 => random.between(256 * 1024, 3 << 19),
        965..980 => around(random, 1 << 20),
        980..999 => random.between(1 << 20, 6 << 20),
        _ => random.between(ALWAYS_DIRECT, ALWAYS_DIRECT + (1 << 20)),
    }
}

/// A power of two to align to, up to 8 MiB, with a size for it.
pub fn aligned(random: &mut Random) -> (usize, usize) {
    let shift = match random.below(100) {
        0..80 => random.between(0, 12),
        80..97 => random.between(13, 18),
        _ => random.between(19, 23),
    };
    let alignment = 1 << shift;
    let size = match random.below(4) {
        0 => around(random, alignment.min(1 << 20)),
        _ => size(random),
    };
    (size, alignment)
}
