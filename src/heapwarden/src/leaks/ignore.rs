//! Blocks that the program does not want to hear of: allocated between `__lsan_disable` and
//! `__lsan_enable`, or named to `__lsan_ignore_object`. They count as reachable, and so does all that
//! they lead to.
//!
//! Cost: a load per allocation of which a record is kept.

use crate::evidence;
use crate::text::complain;
use heapwarden_core::tls;

/// Which of the thread block's words counts the calls of [`disable`], in its lower half; the other one
/// is `fuzz::hooks`'.
const WORD: usize = 3;

#[inline(always)]
fn depth() -> u32 {
    // SAFETY: the thread block is this thread's.
    unsafe { (*tls::block()).reserved[WORD] as u32 }
}

/// What this thread allocates from now on is ignored, until [`enable`] is called as often.
pub fn disable() {
    // SAFETY: the thread block is this thread's; the word is this module's.
    unsafe { (*tls::block()).reserved[WORD] += 1 };
}

/// Ends what the last [`disable`] began.
pub fn enable() {
    if depth() == 0 {
        return complain(&[b"__lsan_enable() without __lsan_disable() before"]);
    }
    // SAFETY: as above.
    unsafe { (*tls::block()).reserved[WORD] -= 1 };
}

/// Whether what this thread allocates is ignored.
#[inline(always)]
pub fn is_disabled() -> bool {
    depth() > 0
}

/// The block that `address` points into is ignored; false if there is no live block.
pub fn ignore(address: usize) -> bool {
    evidence::of_block(address).is_some_and(|record| record.ignore())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_nest_and_belong_to_their_thread() {
        disable();
        disable();
        enable();
        assert!(is_disabled());
        assert!(!std::thread::spawn(is_disabled).join().expect("the thread ends"));
        enable();
        assert!(!is_disabled());
    }

    #[test]
    fn what_is_no_block_is_not_ignored() {
        let local = 0u8;
        assert!(!ignore((&raw const local).addr()));
        assert!(!ignore(0));
    }
}
