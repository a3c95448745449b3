//! One report about leaks at a time: the right to the state that lasts from one to the next.
//!
//! The right knows its owner, so that a thread that was interrupted in a report does not wait for
//! itself, and a forked child sees that the owner is not there. No system call but to wait: a
//! sandbox may allow none.

use super::change::Baseline;
use super::suppress::Patterns;
use core::cell::UnsafeCell;
use core::mem;
use core::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::os::syscall;
use heapwarden_core::tls;

/// What lasts from one report to the next.
#[derive(Default)]
pub struct State {
    /// The suppressions; none as long as nobody has looked for them.
    pub patterns: Option<Patterns>,
    /// What was live at the last report that somebody asked for.
    pub baseline: Option<Baseline>,
}

struct Shared(UnsafeCell<State>);

// SAFETY: only the owner of the turn reaches it.
unsafe impl Sync for Shared {}

static STATE: Shared = Shared(UnsafeCell::new(State { patterns: None, baseline: None }));

/// The owner's thread block, and above that how many forks lie behind its process; 0 for none.
static OWNER: AtomicU64 = AtomicU64::new(0);
/// User addresses have no more bits.
const ADDRESS_BITS: u32 = 48;

/// The right to the state, until it is dropped.
pub struct Turn(());

/// Takes the turn; waits for another thread's report for some milliseconds at most.
pub fn take(wait_ms_max: u32) -> Option<Turn> {
    heapwarden_core::check_fork();
    let process = u64::from(heapwarden_core::generation()) << ADDRESS_BITS;
    let me = process | tls::block().addr() as u64;
    for waited in 0..=wait_ms_max {
        match OWNER.compare_exchange(0, me, Acquire, Relaxed) {
            Ok(_) => return Some(Turn(())),
            Err(owner) if owner == me => return None,
            Err(owner) if owner >> ADDRESS_BITS != process >> ADDRESS_BITS => {
                if OWNER.compare_exchange(owner, me, Acquire, Relaxed).is_ok() {
                    // A forked child: whoever was at work does not exist here, and what it worked on
                    // may be half done.
                    // SAFETY: this thread owns the turn now.
                    mem::forget(mem::take(unsafe { &mut *STATE.0.get() }));
                    return Some(Turn(()));
                }
            }
            Err(_) if waited < wait_ms_max => sleep_a_millisecond(),
            Err(_) => {}
        }
    }
    None
}

impl Turn {
    /// The state.
    pub fn state(&mut self) -> &mut State {
        // SAFETY: there is one turn, and this borrows it.
        unsafe { &mut *STATE.0.get() }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Release: pairs with the Acquire in `take`: the next owner sees the state.
        OWNER.store(0, Release);
    }
}

fn sleep_a_millisecond() {
    let time = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    // SAFETY: the kernel reads one timespec of ours.
    let _ =
        unsafe { syscall::call(libc::SYS_nanosleep, [&raw const time as usize, 0, 0, 0, 0, 0]) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_turn_at_a_time() {
        let turn = take(0).expect("nobody has it");
        assert!(take(1000).is_none(), "a thread does not wait for itself");
        let other = std::thread::spawn(|| take(5).is_some()).join().expect("the thread ends");
        assert!(!other);
        drop(turn);
        assert!(std::thread::spawn(|| take(0).is_some()).join().expect("the thread ends"));
    }
}
