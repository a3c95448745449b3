//! Random bits from the kernel.

use super::{now_ms, syscall};

/// 64 random bits. When the kernel has none to give (seccomp, early boot) the bits come from
/// address-space randomisation and the clock: weaker, but never a failure.
pub fn random_u64() -> u64 {
    const GRND_NONBLOCK: usize = 1;
    let mut bits = 0u64;
    // SAFETY: the kernel writes at most eight bytes to a live local.
    let answer = unsafe {
        syscall::call(
            libc::SYS_getrandom,
            [&raw mut bits as usize, size_of::<u64>(), GRND_NONBLOCK, 0, 0, 0],
        )
    };
    if answer == Ok(size_of::<u64>()) {
        return bits;
    }
    let local = 0u8;
    let mixed = (&raw const local as u64) ^ (random_u64 as *const () as u64).rotate_left(32);
    (mixed ^ now_ms()).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
