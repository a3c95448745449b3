//! One report at a time.
//!
//! The lock knows its owner, so that a thread which fails inside its own report notices, and a
//! forked child sees that the owner is not there. Waiting is bounded: who waits too long reports
//! without the lock, in short. Nobody but reports takes it.

use super::process;
use core::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

/// Process and thread of the owner; 0 when the lock is free.
static OWNER: AtomicU64 = AtomicU64::new(0);
/// The address of the owner's thread block: what [`is_mine`] compares, without a system call.
static OWNER_BLOCK: AtomicUsize = AtomicUsize::new(0);
/// The process, and how many of its threads are about to report or do so.
static REPORTERS: AtomicU64 = AtomicU64::new(0);

/// Longer than a report may take (see `memory`), so that a waiter has to give up only if something
/// is wrong with the owner.
const WAIT_MS_MAX: u32 = 40_000;

pub(super) enum Entry {
    /// The caller holds the lock until this is dropped.
    Entered(Guard),
    /// This thread is inside already.
    Nested,
    /// Somebody else is, for too long.
    Busy,
}

pub(super) struct Guard {
    taken_over: bool,
}

impl Guard {
    /// Whether the last owner left without giving it back: it does not exist in this process.
    pub fn was_taken_over(&self) -> bool {
        self.taken_over
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        OWNER_BLOCK.store(0, Relaxed);
        // Release: pairs with the Acquire in `take`.
        OWNER.store(0, Release);
    }
}

pub(super) fn enter() -> Entry {
    let process = process::process_id();
    let me = u64::from(process) << 32 | u64::from(process::thread_id());
    for _ in 0..WAIT_MS_MAX {
        match take(0, me) {
            Ok(guard) => return Entry::Entered(guard),
            Err(owner) if owner == me => return Entry::Nested,
            Err(owner) => {
                let gone =
                    owner >> 32 != u64::from(process) || !process::thread_exists(owner as u32);
                if gone && let Ok(guard) = take(owner, me) {
                    return Entry::Entered(guard);
                }
            }
        }
        process::sleep_ms(1);
    }
    Entry::Busy
}

/// Takes the lock from `owner`: nobody, or one that does not exist any more.
fn take(owner: u64, me: u64) -> Result<Guard, u64> {
    // Acquire: pairs with the Release of the last owner, whose writes are seen.
    OWNER.compare_exchange(owner, me, Acquire, Relaxed).map(|_| {
        OWNER_BLOCK.store(heapwarden_core::tls::block().addr(), Relaxed);
        Guard { taken_over: owner != 0 }
    })
}

/// Whether this thread holds the lock.
pub(crate) fn is_mine() -> bool {
    OWNER_BLOCK.load(Relaxed) == heapwarden_core::tls::block().addr()
}

/// Counts this thread among those that report, until it is dropped.
pub(super) struct Reporter(());

impl Reporter {
    pub fn start() -> Reporter {
        let process = u64::from(process::process_id()) << 32;
        // What another process counted does not count here: its threads did not come along.
        let _ = REPORTERS.fetch_update(AcqRel, Relaxed, |word| {
            let before = if word >> 32 == process >> 32 { word as u32 } else { 0 };
            Some(process | u64::from(before + 1))
        });
        Reporter(())
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        let _ = REPORTERS.fetch_update(AcqRel, Relaxed, |word| (word as u32 > 0).then(|| word - 1));
    }
}

/// Waits until no other thread is about to report: a report ends the process, and theirs shall be
/// whole. Bounded as waiting for the lock is.
pub(super) fn wait_for_others() {
    let process = process::process_id();
    for _ in 0..WAIT_MS_MAX {
        let word = REPORTERS.load(Acquire);
        if word >> 32 != u64::from(process) || word as u32 == 0 {
            return;
        }
        process::sleep_ms(1);
    }
}
