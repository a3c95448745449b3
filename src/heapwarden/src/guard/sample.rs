//! One block in so many, by chance: a countdown per thread.
//!
//! The gaps are drawn evenly from 1 to twice the mean, from a generator that is the thread's own, so
//! that a program which allocates alike twice has the same blocks chosen for the same `seed`. Threads
//! are told apart by their numbers, in the order of their first requests.
//! Cost: a load, a compare and a store while a gap lasts.

use crate::checked;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// The greatest mean: gaps have 32 bits.
pub const EVERY_MAX: u32 = 1 << 30;

static EVERY: AtomicU32 = AtomicU32::new(1);
static SEED: AtomicU64 = AtomicU64::new(0);

/// Chooses one in `every` (not 0), by `seed`, or by chance if that is 0.
pub fn start(every: u32, seed: u64) {
    EVERY.store(every.clamp(1, EVERY_MAX), Relaxed);
    let seed = if seed == 0 { heapwarden_core::os::random_u64() } else { seed };
    SEED.store(seed, Relaxed);
}

/// One in how many is chosen where `wanted` is the option's value. Where nothing is guarded the
/// countdowns run all the same, and each end of one is a request that leaves the short way.
pub fn mean(wanted: u32, is_active: bool) -> u32 {
    if is_active { wanted.max(1) } else { EVERY_MAX }
}

/// Whether the calling thread's next block is one of those.
pub fn is_due() -> bool {
    checked::countdown().is_some_and(Countdown::is_due)
}

/// How many blocks of a thread are left until one is guarded, that one included; and the state of the
/// thread's generator.
pub struct Countdown {
    left: u32,
    state: u32,
}

impl Countdown {
    /// The countdown of a new thread.
    pub fn of_thread(number: u16) -> Self {
        let start = mix(SEED.load(Relaxed) ^ mix(number.into()));
        Self::draw((start >> 32) as u32, EVERY.load(Relaxed))
    }

    /// Whether the next block is the last. Where nothing is guarded it means that it is time to begin
    /// anew.
    #[inline(always)]
    pub fn is_at_end(&self) -> bool {
        self.left <= 1
    }

    /// A block that was not the last.
    #[inline(always)]
    pub fn pass(&mut self) {
        self.left -= 1;
    }

    /// Counts the next block; says whether it is the last of the gap, and begins the next one then.
    pub fn is_due(&mut self) -> bool {
        let is_due = self.is_at_end();
        if is_due {
            self.begin_anew()
        } else {
            self.pass()
        }
        is_due
    }

    /// Draws the next gap.
    pub fn begin_anew(&mut self) {
        *self = Self::draw(self.state, EVERY.load(Relaxed));
    }

    /// The state after `state`, and with it a gap of 1 to `2 * every - 1`.
    fn draw(state: u32, every: u32) -> Self {
        // A linear congruence of full period; what comes out is mixed.
        let state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        let span = u64::from(every) * 2 - 1;
        let gap = 1 + (mix(u64::from(state) << 32 | 0x5EED) >> 32) * span / (1 << 32);
        Self { left: gap as u32, state }
    }
}

/// The finalizer of SplitMix64: every bit of the input changes half of the output's.
fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_guarded_a_countdown_ends_as_rarely_as_can_be() {
        assert_eq!(mean(0, false), EVERY_MAX);
        assert_eq!((mean(0, true), mean(1, true), mean(5000, true)), (1, 1, 5000));
    }

    #[test]
    fn gaps_have_the_mean_that_was_asked_for() {
        for every in [1, 2, 10, 5000] {
            let (mut countdown, mut sum) = (Countdown::draw(7, every), 0);
            const DRAWS: u64 = 20_000;
            for _ in 0..DRAWS {
                countdown = Countdown::draw(countdown.state, every);
                let gap = countdown.left;
                assert!(gap >= 1 && gap < 2 * every, "{gap}");
                sum += u64::from(gap);
            }
            let mean = sum as f64 / DRAWS as f64;
            assert!((mean / f64::from(every) - 1.0).abs() < 0.03, "{mean} for {every}");
        }
    }

    #[test]
    fn the_last_block_of_a_gap_is_due() {
        let mut countdown = Countdown { left: 3, state: 9 };
        let due: Vec<_> = (0..3).map(|_| countdown.is_due()).collect();
        assert_eq!(due, [false, false, true]);
        assert!(countdown.left >= 1 && countdown.state != 9);
    }

    #[test]
    fn the_generator_does_not_run_in_short_circles() {
        let mut countdown = Countdown::draw(1, 100);
        let mut states = std::collections::HashSet::new();
        for _ in 0..5_000 {
            countdown = Countdown::draw(countdown.state, 100);
            assert!(states.insert(countdown.state));
        }
    }
}
