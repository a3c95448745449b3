//! Whether the process has one thread, as libc knows it: then nobody can change a header between
//! two instructions, and no locked one is needed.
//!
//! libc clears `__libc_single_threaded` before it starts the second thread. A libc without it (the
//! reference is weak) means: not alone. Threads that were made behind libc's back cannot call it,
//! nor malloc. Cost: two loads; a locked exchange takes as long as a third of a whole `free`.

use core::arch;
use heapwarden_core::weak_address;

/// Where libc says it.
#[derive(Clone, Copy)]
pub struct Alone(*const u8);

/// What a libc without the variable says.
static NEVER: u8 = 0;

impl Alone {
    /// Looks up the place.
    #[inline(always)]
    pub fn find() -> Self {
        // Null where there is no such variable.
        let flag = weak_address!("__libc_single_threaded") as *const u8;
        Self(if flag.is_null() { &raw const NEVER } else { flag })
    }

    /// Whether no other thread can run.
    #[inline(always)]
    pub fn holds(self) -> bool {
        // SAFETY: a char of libc's, or our own, which is read anew each time.
        unsafe { self.0.read_volatile() != 0 }
    }
}

/// Compares and exchanges the word at `place` in one instruction, which a signal cannot divide but
/// another processor could. Returns whether `old` was found.
///
/// # Safety
/// `place` is valid, aligned, and no other thread can run.
#[inline(always)]
pub unsafe fn exchange(place: *mut u64, old: u64, new: u64) -> bool {
    let found: u64;
    // SAFETY: the caller's promise.
    unsafe {
        arch::asm!("cmpxchg qword ptr [{}], {}", in(reg) place, in(reg) new,
            inlateout("rax") old => found, options(nostack));
    }
    found == old
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_happens_when_the_old_value_is_there_and_only_then() {
        let mut word = 5u64;
        // SAFETY: a local that no other thread knows.
        unsafe {
            assert!(!exchange(&raw mut word, 4, 9));
            assert_eq!(word, 5);
            assert!(exchange(&raw mut word, 5, 9));
        }
        assert_eq!(word, 9);
    }

    #[test]
    fn a_process_with_a_second_thread_is_not_alone() {
        std::thread::scope(|scope| {
            let second = scope.spawn(|| Alone::find().holds());
            assert!(!Alone::find().holds());
            assert!(!second.join().unwrap());
        });
    }
}
