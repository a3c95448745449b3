//! Noticing that this process is a forked child, for the tables of the layers above the core.
//!
//! As in the core (`os::fork`), a page that the kernel clears in a child is looked at on every slow
//! path: no atfork handlers, which `_Fork` skips and which could deadlock. A lock that reads as taken
//! in the child belonged to a thread that does not exist here.

use super::{critical, learn, thread_list};
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::os::{PAGE, futex_wait, futex_wake, mapping, syscall};

const WIPED: u32 = 0;
const REPAIRING: u32 = 1;
const ALIVE: u32 = 2;

static WITNESS: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
/// Without MADV_WIPEONFORK the process id is compared instead: its low bits, never 0.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// To be called at the start of every slow path that takes a lock: puts the tables in order once in
/// a forked child.
#[inline]
pub fn check() {
    // Acquire: pairs with the Release in `watch`.
    let witness = WITNESS.load(Acquire);
    if witness.is_null() {
        watch();
        return;
    }
    // SAFETY: the witness is a mapped page that stays, or the static below.
    let word = unsafe { &*witness };
    if ptr::eq(word, &PROCESS) {
        check_process_id();
    } else if word.load(Acquire) != ALIVE {
        // Acquire above: pairs with the Release in `put_in_order`, so that the repairs are seen.
        put_in_order(word);
    }
}

#[cold]
fn watch() {
    let witness = match map_witness() {
        Some(page) => page,
        None => {
            PROCESS.store(process_id(), Relaxed);
            (&raw const PROCESS).cast_mut()
        }
    };
    // Release: pairs with the Acquire in `check`, so that the word is seen as ALIVE.
    let raced = WITNESS.compare_exchange(ptr::null_mut(), witness, Release, Acquire).is_err();
    if raced && !ptr::eq(witness, &PROCESS) {
        // SAFETY: mapped by us and not shared.
        unsafe { mapping::unmap(witness as usize, PAGE) };
    }
}

fn map_witness() -> Option<*mut AtomicU32> {
    const MADV_WIPEONFORK: usize = 18;
    let page = mapping::map(PAGE)?;
    // SAFETY: the page was mapped just above; the advice only concerns children.
    let advised =
        unsafe { syscall::call(libc::SYS_madvise, [page, PAGE, MADV_WIPEONFORK, 0, 0, 0]) };
    if advised.is_err() {
        // SAFETY: mapped above and not shared.
        unsafe { mapping::unmap(page, PAGE) };
        return None;
    }
    let witness = page as *mut AtomicU32;
    // SAFETY: mapped, writable and aligned.
    unsafe { (*witness).store(ALIVE, Relaxed) };
    Some(witness)
}

#[cold]
fn put_in_order(word: &AtomicU32) {
    match word.compare_exchange(WIPED, REPAIRING, Acquire, Acquire) {
        Ok(_) => {
            // SAFETY: the word makes this thread the only one that repairs, and every other
            // thread of the child waits below before it takes a lock.
            unsafe { repair() };
            // Release: pairs with the Acquire loads in `check` and below.
            word.store(ALIVE, Release);
            futex_wake(word, u32::MAX);
        }
        Err(_) => {
            while word.load(Acquire) == REPAIRING {
                futex_wait(word, REPAIRING);
            }
        }
    }
}

fn process_id() -> u32 {
    // SAFETY: getpid takes nothing and cannot fail.
    let id = unsafe { syscall::call(libc::SYS_getpid, [0; 6]) }.unwrap_or(0);
    id as u32 | 1 << 31
}

#[cold]
fn check_process_id() {
    let current = process_id();
    loop {
        let known = PROCESS.load(Acquire);
        if known == current {
            return;
        }
        if known != REPAIRING
            && PROCESS.compare_exchange(known, REPAIRING, Acquire, Acquire).is_ok()
        {
            // SAFETY: as in `put_in_order`.
            unsafe { repair() };
            PROCESS.store(current, Release);
            return;
        }
        core::hint::spin_loop();
    }
}

/// # Safety
/// Only the calling thread of a forked child gets here, and the others wait for it.
unsafe fn repair() {
    // SAFETY: the caller's promise.
    unsafe {
        let torn = critical::repair_after_fork();
        learn::repair_after_fork(torn);
        thread_list::repair_after_fork();
    }
    crate::callsite::repair_after_fork();
}
