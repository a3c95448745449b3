//! A rolling hash of stacks: that of a window of frames follows from two running hashes, so a
//! capture pays only for the frames that changed.
//!
//! It is the polynomial `m(pc0) + m(pc1) B + m(pc2) B^2 ...` modulo 2^64, where `pc0` is the
//! innermost frame, `m` mixes all bits of an address and B is odd. Running hashes go from the outside
//! in; since B has an inverse, frames can be added at the outside too.

const FACTOR: u64 = 0xd6e8_feb8_6659_fd93;
const INVERSE: u64 = inverse(FACTOR);
/// The largest window.
pub const WINDOW_MAX: usize = 128;
const POWERS: [u64; WINDOW_MAX + 1] = powers();

const fn inverse(factor: u64) -> u64 {
    let mut guess = factor;
    let mut round = 0;
    while round < 6 {
        guess = guess.wrapping_mul(2u64.wrapping_sub(factor.wrapping_mul(guess)));
        round += 1;
    }
    guess
}

const fn powers() -> [u64; WINDOW_MAX + 1] {
    let mut powers = [1u64; WINDOW_MAX + 1];
    let mut index = 1;
    while index <= WINDOW_MAX {
        powers[index] = powers[index - 1].wrapping_mul(FACTOR);
        index += 1;
    }
    powers
}

#[inline(always)]
fn mix(pc: usize) -> u64 {
    let mut bits = (pc as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits ^= bits >> 29;
    bits = bits.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits ^ bits >> 32
}

/// The running hash with one more frame on the inside.
#[inline(always)]
pub fn add(outside: u64, pc: usize) -> u64 {
    outside.wrapping_mul(FACTOR).wrapping_add(mix(pc))
}

/// The running hash before the frame was added.
#[inline(always)]
pub fn take_back(hash: u64, pc: usize) -> u64 {
    hash.wrapping_sub(mix(pc)).wrapping_mul(INVERSE)
}

/// The hash of the last `count` frames of `inside`, when `outside` is the running hash without them.
#[inline(always)]
pub fn between(outside: u64, inside: u64, count: usize) -> u64 {
    finish(inside.wrapping_sub(outside.wrapping_mul(POWERS[count])), count)
}

/// The hash of `frames`, innermost first.
pub fn of(frames: &[usize]) -> u64 {
    let running = frames.iter().rev().fold(0, |hash, pc| add(hash, *pc));
    finish(running, frames.len())
}

#[inline(always)]
fn finish(polynomial: u64, count: usize) -> u64 {
    let bits = (polynomial ^ count as u64).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: [usize; 6] = [11, 22, 33, 44, 55, 66];

    #[test]
    fn a_window_has_the_hash_of_its_frames() {
        // Outermost first, as running hashes go.
        let mut running = vec![12345];
        for pc in FRAMES.iter().rev() {
            running.push(add(running[running.len() - 1], *pc));
        }
        assert_eq!(between(running[0], running[6], 6), of(&FRAMES));
        assert_eq!(between(running[2], running[5], 3), of(&FRAMES[1..4]));
        assert_eq!(take_back(running[3], FRAMES[3]), running[2]);
    }

    #[test]
    fn order_and_number_matter() {
        assert_ne!(of(&[1, 2]), of(&[2, 1]));
        assert_ne!(of(&[1, 1]), of(&[1, 1, 1]));
        assert_ne!(of(&[0]), of(&[0, 0]));
    }
}
