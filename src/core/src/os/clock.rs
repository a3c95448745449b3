//! A coarse clock for decay.
//!
//! Cost: one system call, so callers ask rarely (see `trim`).

use super::syscall;

/// Milliseconds since some fixed moment; never goes back. 0 when the kernel refuses.
pub fn now_ms() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one timespec to a live local.
    let answer = unsafe {
        syscall::call(
            libc::SYS_clock_gettime,
            [libc::CLOCK_MONOTONIC_COARSE as usize, &raw mut time as usize, 0, 0, 0, 0],
        )
    };
    match answer {
        Ok(_) => time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000,
        Err(_) => 0,
    }
}
