//! Blocks that a forked child has from its parent.
//!
//! When a process with several threads forks, the other threads' stacks and registers are not part of
//! the child, and blocks that only they led to would look lost there. They are the parent's business:
//! in such a child, what was allocated before the fork counts as reachable. The child of a process with
//! one thread has all that led to its blocks.

use crate::checked;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use heapwarden_core::layout::Fact;

/// Threads with lower numbers are the parent's; 0 when it had one thread.
static BELOW: AtomicU32 = AtomicU32::new(0);
/// The number of the thread that forked, and how many blocks it had allocated.
static OWN: AtomicU32 = AtomicU32::new(u32::MAX);
static ALLOCATIONS: AtomicU32 = AtomicU32::new(0);

/// In a forked child. A child may have allocated a few blocks before; they count as inherited.
pub fn note_fork() {
    let known = checked::known_threads();
    if known.others {
        BELOW.store(known.next_number, Relaxed);
        let (number, allocations) = known.own.unwrap_or((u16::MAX, 0));
        OWN.store(number.into(), Relaxed);
        ALLOCATIONS.store(allocations, Relaxed);
    }
}

/// Whether a block that this thread allocated, as its so-manieth, is one of those.
pub fn is(thread: u16, sequence: u32) -> bool {
    let (thread, below) = (u32::from(thread), BELOW.load(Relaxed));
    if thread == OWN.load(Relaxed) {
        return below != 0 && sequence.wrapping_sub(ALLOCATIONS.load(Relaxed)) as i32 <= 0;
    }
    // Threads without a number may have been the parent's.
    below != 0 && (thread < below || thread == u32::from(u16::MAX))
}

/// For debuggers.
pub static FACTS: [Fact; 3] = [
    Fact::place("inherited.below", &raw const BELOW),
    Fact::place("inherited.own", &raw const OWN),
    Fact::place("inherited.allocations", &raw const ALLOCATIONS),
];
