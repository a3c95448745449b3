//! All thread states: from whom a new thread gets one, and how one comes back when a thread ends.
//!
//! States are never unmapped. A thread owns the one that holds the address of its thread block; one
//! compare-and-swap takes it or gives it back, so there is no lock and nothing to be torn in a fork.

use super::thread_state::{ENDED, ThreadState, slot};
use crate::inside;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    compiler_fence,
};
use heapwarden_core::os::{mapping, page_round};
use heapwarden_core::tls;

static ALL: AtomicPtr<ThreadState> = AtomicPtr::new(ptr::null_mut());
/// The key whose destructor tells that a thread ends, plus one; 0 when there is none.
static KEY: AtomicU32 = AtomicU32::new(0);

/// A state for the calling thread. `None` if there is no memory.
pub fn claim() -> Option<*mut ThreadState> {
    claim_known().or_else(create)
}

fn claim_known() -> Option<*mut ThreadState> {
    let me = tls::block() as usize;
    // The loader zeroes the first thread's block after its first mallocs: that state is still its.
    let lost = states().find(|state| owner(*state).load(Relaxed) == me);
    lost.or_else(|| {
        // Acquire: pairs with the Release of the thread that gave the state back.
        states().find(|state| owner(*state).compare_exchange(0, me, Acquire, Relaxed).is_ok())
    })
}

fn create() -> Option<*mut ThreadState> {
    let state = mapping::map(page_round(size_of::<ThreadState>()))? as *mut ThreadState;
    owner(state).store(tls::block() as usize, Relaxed);
    let mut next = ALL.load(Relaxed);
    loop {
        // SAFETY: fresh zeroed memory of the right size, not shared yet.
        unsafe { (*state).next = next };
        // Release: pairs with the Acquire in `states`.
        match ALL.compare_exchange(next, state, Release, Relaxed) {
            Ok(_) => return Some(state),
            Err(current) => next = current,
        }
    }
}

fn states() -> impl Iterator<Item = *mut ThreadState> {
    // Acquire: pairs with the Release in `create`.
    let mut next = ALL.load(Acquire);
    core::iter::from_fn(move || {
        let state = next;
        if state.is_null() {
            return None;
        }
        // SAFETY: states are never unmapped, and `next` is constant once they are listed.
        next = unsafe { (*state).next };
        Some(state)
    })
}

fn owner(state: *mut ThreadState) -> &'static AtomicUsize {
    // SAFETY: states are never unmapped, and zeroed memory is an atomic of value 0.
    unsafe { &(*state).owner }
}

/// Asks libc to call [`end`] when this thread's specific data is destroyed. If it refuses, the state
/// stays with the dead thread.
pub fn watch_for_end(state: *mut ThreadState) {
    let _inside = inside::enter();
    let mut key = KEY.load(Relaxed);
    if key == 0 {
        let mut created: libc::pthread_key_t = 0;
        // SAFETY: a key for a function that lives as long as the library.
        if unsafe { libc::pthread_key_create(&mut created, Some(end)) } != 0 {
            return;
        }
        match KEY.compare_exchange(0, created + 1, Relaxed, Relaxed) {
            Ok(_) => key = created + 1,
            Err(other) => {
                // SAFETY: the key just made; nobody has used it.
                unsafe { libc::pthread_key_delete(created) };
                key = other;
            }
        }
    }
    // SAFETY: the key exists. May allocate: that request finds the flag raised.
    unsafe { libc::pthread_setspecific(key - 1, state.cast()) };
}

/// The thread ends: its state goes to another one.
unsafe extern "C" fn end(state: *mut c_void) {
    // SAFETY: libc calls this on the thread that set the value, once; a capture that finds the
    // word does not touch the state.
    unsafe { *slot() = ENDED };
    compiler_fence(SeqCst);
    // Release: pairs with the Acquire in `claim`.
    owner(state.cast()).store(0, Release);
}

/// How many states there are, used and unused.
pub fn count() -> usize {
    states().count()
}

/// In a forked child: the states of threads that do not exist here are free.
///
/// # Safety
/// Only the repairing thread runs.
pub unsafe fn repair_after_fork() {
    let me = tls::block() as usize;
    for state in states().filter(|state| owner(*state).load(Relaxed) != me) {
        owner(state).store(0, Relaxed);
    }
}
