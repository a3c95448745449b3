//! Noticing that this process is a forked child, without `pthread_atfork`.
//!
//! `_Fork` and raw `clone` run no handlers, and a handler that took our locks could deadlock
//! against a thread that holds a stdio lock and wants memory. Instead one page is mapped with
//! MADV_WIPEONFORK: the kernel clears it in a child. Slow paths look at it (one load); the first
//! to see it cleared puts the allocator in order for the child.
//!
//! Why that is enough: fork copies a causally consistent cut of the parent's memory. A lock that
//! reads as free in the child was free, and what it protects is whole; one that reads as taken
//! belonged to a thread that does not exist here, and what it protects is abandoned.

use super::{PAGE, futex_wait, futex_wake, mapping, syscall};
use core::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// The witness word: cleared by the kernel in a child.
const WIPED: u32 = 0;
/// One thread is putting the child in order.
const REPAIRING: u32 = 1;
/// All is in order.
const ALIVE: u32 = 2;

static WITNESS: AtomicPtr<AtomicU32> = AtomicPtr::new(core::ptr::null_mut());
/// Without MADV_WIPEONFORK the process id is compared instead (a system call per slow path).
static PROCESS: AtomicU64 = AtomicU64::new(0);

fn process_id() -> u64 {
    // SAFETY: getpid takes nothing and cannot fail.
    unsafe { syscall::call(libc::SYS_getpid, [0; 6]) }.unwrap_or(0) as u64
}

/// Maps the witness; called once, before the first block is handed out.
pub fn watch() {
    const MADV_WIPEONFORK: usize = 18;
    if let Some(page) = mapping::map(PAGE) {
        // SAFETY: the page was mapped just above; the advice only concerns children.
        let advised =
            unsafe { syscall::call(libc::SYS_madvise, [page, PAGE, MADV_WIPEONFORK, 0, 0, 0]) };
        if advised.is_ok() {
            let witness = page as *mut AtomicU32;
            // SAFETY: the page is mapped, writable, aligned and never unmapped.
            unsafe { (*witness).store(ALIVE, Relaxed) };
            // Release: pairs with the Acquire load in `check`, so that the word is seen as ALIVE.
            WITNESS.store(witness, Release);
            return;
        }
        // SAFETY: mapped above and not shared yet.
        unsafe { mapping::unmap(page, PAGE) };
    }
    PROCESS.store(process_id(), Relaxed);
}

/// To be called at the start of every slow path: runs `repair` once in a forked child, before
/// anything that another thread of the parent could have left half done is looked at.
#[inline]
pub fn check(repair: fn()) {
    let witness = WITNESS.load(Acquire);
    if witness.is_null() {
        check_process_id(repair);
        return;
    }
    // SAFETY: a non-null witness points to the page mapped in `watch`, which stays.
    let word = unsafe { &*witness };
    // Acquire: pairs with the Release in `put_in_order`, so that the repairs are seen.
    if word.load(Acquire) != ALIVE {
        put_in_order(word, repair);
    }
}

#[cold]
fn put_in_order(word: &AtomicU32, repair: fn()) {
    match word.compare_exchange(WIPED, REPAIRING, Acquire, Acquire) {
        Ok(_) => {
            repair();
            // Release: pairs with the Acquire loads in `check` and below.
            word.store(ALIVE, Release);
            futex_wake(word, i32::MAX as u32);
        }
        Err(_) => {
            while word.load(Acquire) == REPAIRING {
                futex_wait(word, REPAIRING);
            }
        }
    }
}

#[cold]
fn check_process_id(repair: fn()) {
    const UNWATCHED: u64 = 0;
    const IN_REPAIR: u64 = u64::MAX;
    if PROCESS.load(Acquire) == UNWATCHED {
        return;
    }
    let current = process_id();
    loop {
        let known = PROCESS.load(Acquire);
        if known == current {
            return;
        }
        // Acquire/Release: a thread of the child that sees its own id also sees the repairs.
        if known != IN_REPAIR
            && PROCESS.compare_exchange(known, IN_REPAIR, Acquire, Acquire).is_ok()
        {
            repair();
            PROCESS.store(current, Release);
            return;
        }
        core::hint::spin_loop();
    }
}
