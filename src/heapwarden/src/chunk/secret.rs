//! The process's secret, which keys headers and canaries.
//!
//! Drawn once, before the first checked block. Kept by a forked child, whose chunks it keys.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

static KEY: AtomicU64 = AtomicU64::new(0);
static FACTOR: AtomicU64 = AtomicU64::new(1);

/// Draws the secret; called once at the start.
pub fn draw() {
    KEY.store(heapwarden_core::os::random_u64(), Relaxed);
    // Odd, so that the multiplication loses nothing, and with high bits set, so that it mixes.
    FACTOR.store(heapwarden_core::os::random_u64() | (1 << 63) | 1, Relaxed);
}

/// A keyed mix of an address and some bits; the upper half is the better one.
/// Cost: a multiplication.
#[inline(always)]
pub fn mix(address: usize, bits: u64) -> u64 {
    (address as u64 ^ KEY.load(Relaxed) ^ bits.rotate_left(32)).wrapping_mul(FACTOR.load(Relaxed))
}
