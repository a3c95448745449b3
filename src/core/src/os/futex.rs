//! Waiting on a word, and waking those who wait.

use super::syscall;
use core::sync::atomic::AtomicU32;

/// Sleeps while `word` holds `expected`; may also return early, so callers loop.
pub fn futex_wait(word: &AtomicU32, expected: u32) {
    let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the word is live for the call; a null timeout means no timeout. An interrupted or
    // stale wait is what the callers' loops are for, so the result is not needed.
    let _ = unsafe {
        syscall::call(
            libc::SYS_futex,
            [word.as_ptr() as usize, operation as usize, expected as usize, 0, 0, 0],
        )
    };
}

/// Wakes at most `count` of the threads waiting on `word`; the kernel reads it as signed.
pub fn futex_wake(word: &AtomicU32, count: u32) {
    let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: only the address of the word is used, as the key of its waiters.
    let _ = unsafe {
        syscall::call(
            libc::SYS_futex,
            [word.as_ptr() as usize, operation as usize, count as usize, 0, 0, 0],
        )
    };
}
