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

/// Wakes at most `count` of the threads waiting on `word`.
pub fn futex_wake(word: &AtomicU32, count: u32) {
    // The kernel reads it as signed, and wakes one thread for a negative number.
    let count = count.min(i32::MAX as u32);
    let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: only the address of the word is used, as the key of its waiters.
    let _ = unsafe {
        syscall::call(
            libc::SYS_futex,
            [word.as_ptr() as usize, operation as usize, count as usize, 0, 0, 0],
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, atomic::Ordering::SeqCst, mpsc};
    use std::thread;
    use std::time::Duration;

    #[test]
    fn all_that_wait_are_woken() {
        let word = Arc::new(AtomicU32::new(0));
        let (tell, told) = mpsc::channel();
        for _ in 0..4 {
            let (word, tell) = (word.clone(), tell.clone());
            thread::spawn(move || {
                while word.load(SeqCst) == 0 {
                    futex_wait(&word, 0);
                }
                tell.send(()).expect("somebody listens");
            });
        }
        // Time for all of them to fall asleep.
        thread::sleep(Duration::from_millis(200));
        word.store(1, SeqCst);
        futex_wake(&word, u32::MAX);
        for _ in 0..4 {
            told.recv_timeout(Duration::from_secs(20)).expect("one more is awake");
        }
    }
}
