//! The process's secret, which keys headers and canaries.
//!
//! Drawn once, before the first checked block. Kept by a forked child, whose chunks it keys.

use core::cell::UnsafeCell;
use heapwarden_core::field;
use heapwarden_core::layout::Fact;
use heapwarden_core::os::random_u64;

/// What the keyed mixes are made with.
#[derive(Clone, Copy)]
pub struct Secret {
    key: u64,
    tail_key: u64,
    factor: u64,
}

/// What makes the canary's mix another one than the header's.
const TAIL: u64 = 0x7A11 << 32;

impl Secret {
    /// A secret of its own.
    pub fn random() -> Self {
        let (key, factor) = (random_u64(), random_u64());
        // Odd, so that the multiplication loses nothing, and with high bits set, so that it mixes.
        Self { key, tail_key: key ^ TAIL, factor: factor | (1 << 63) | 1 }
    }

    /// The check of a header at `address` whose upper half is `bits`: the better half of a keyed
    /// mix. Cost: a multiplication.
    #[inline(always)]
    pub fn check(&self, address: usize, bits: u64) -> u32 {
        ((address as u64 ^ self.key ^ bits).wrapping_mul(self.factor) >> 32) as u32
    }

    /// The bytes behind the payload at `payload`, before they are made fit for a canary.
    #[inline(always)]
    pub fn tail(&self, payload: usize) -> u64 {
        (payload as u64 ^ self.tail_key).wrapping_mul(self.factor)
    }
}

struct Cell(UnsafeCell<Secret>);

// SAFETY: written by `draw`, which the starting thread runs once while all others wait for it.
unsafe impl Sync for Cell {}

static SECRET: Cell = Cell(UnsafeCell::new(Secret { key: 0, tail_key: TAIL, factor: 1 }));

/// Draws the secret; called once at the start.
pub fn draw() {
    // SAFETY: see `Cell`.
    unsafe { *SECRET.0.get() = Secret::random() };
}

/// The secret in force.
#[inline(always)]
pub fn secret() -> &'static Secret {
    // SAFETY: nobody writes after the start (see `Cell`).
    unsafe { &*SECRET.0.get() }
}

/// Draws the secret once for all tests of this crate, which run side by side.
#[cfg(test)]
pub fn draw_for_tests() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(draw);
}

/// For debuggers. The secret lies in a cell, at the cell's own address.
pub static FACTS: [Fact; 4] = [
    Fact::place("secret", SECRET.0.get()),
    field!(Secret, key),
    field!(Secret, tail_key),
    field!(Secret, factor),
];
