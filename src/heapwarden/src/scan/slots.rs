//! The threads that were asked to stop: what the asking thread and the signal handler share.
//!
//! Slots are never unmapped: a signal may be delivered long after its sender gave up, and finds then
//! that its slot is of another round.

use super::tasks::SystemCall;
use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::os::{mapping, page_round};

/// Nobody is asked.
const FREE: u32 = 0;
/// The signal is under way.
const ASKED: u32 = 1;
/// The thread is in the handler, and fills the slot in.
const ANSWERING: u32 = 2;
/// The thread stands still.
const STOPPED: u32 = 3;
/// It did not answer; until the end of the round.
const MISSED: u32 = 4;
/// It has ended; until the end of the round.
const ENDED: u32 = 5;

/// One thread.
pub struct Slot {
    state: AtomicU32,
    round: AtomicU32,
    /// Its number.
    pub thread: AtomicU32,
    /// The frame that the signal interrupted: a ucontext_t on the thread's stack.
    pub context: AtomicUsize,
    /// Its thread pointer.
    pub pointer: AtomicUsize,
    /// The call it slept in when it was asked. Written before, read after.
    call: UnsafeCell<Option<SystemCall>>,
}

// SAFETY: `call` is written by who took the free slot, before `state` says that it is asked, and read
// by the thread that answered.
unsafe impl Sync for Slot {}

impl Slot {
    /// Whether it is in use in this round.
    pub fn is_of(&self, round: u32) -> bool {
        self.state.load(Acquire) != FREE && self.round.load(Relaxed) == round
    }

    /// Whether its thread stands still. Then what the handler stored is seen.
    pub fn is_stopped(&self) -> bool {
        // Acquire: pairs with the Release in `stopped`.
        self.state.load(Acquire) == STOPPED
    }

    /// Whether an answer is still to come.
    pub fn is_awaited(&self) -> bool {
        matches!(self.state.load(Acquire), ASKED | ANSWERING)
    }

    /// Whether its thread runs, or sleeps, and did not answer.
    pub fn is_missed(&self) -> bool {
        self.state.load(Acquire) == MISSED
    }

    /// Gives up waiting for the thread, unless it is answering now.
    pub fn give_up(&self, has_ended: bool) {
        let last = if has_ended { ENDED } else { MISSED };
        let _ = self.state.compare_exchange(ASKED, last, Acquire, Relaxed);
    }

    /// The end of the round, for a thread that is not in the handler.
    pub fn forget(&self) {
        for last in [MISSED, ENDED] {
            let _ = self.state.compare_exchange(last, FREE, Release, Relaxed);
        }
    }

    /// The handler: it is this slot's thread, if the slot is still waiting for it.
    pub fn answer(&self, round: u32) -> bool {
        self.round.load(Relaxed) == round
            && self.state.compare_exchange(ASKED, ANSWERING, Acquire, Relaxed).is_ok()
    }

    /// The handler: the slot is filled in.
    pub fn stopped(&self) {
        self.state.store(STOPPED, Release);
    }

    /// The handler: the thread goes on, and needs the slot no more.
    pub fn leave(&self) {
        self.state.store(FREE, Release);
    }

    /// What was seen of the thread before it was asked.
    pub fn call(&self) -> Option<SystemCall> {
        // SAFETY: for the thread that answered; see `Sync`.
        unsafe { *self.call.get() }
    }
}

/// Slots in the first piece; each further one has twice as many.
const FIRST: usize = 128;
const PIECES: usize = 14;

static TABLE: [AtomicPtr<Slot>; PIECES] = [const { AtomicPtr::new(ptr::null_mut()) }; PIECES];

/// How many places there are in the pieces that exist.
fn capacity() -> usize {
    let pieces = TABLE.iter().take_while(|piece| !piece.load(Relaxed).is_null()).count();
    FIRST * ((1 << pieces) - 1)
}

/// The slot with this number.
pub fn get(number: usize) -> Option<&'static Slot> {
    let piece = (number / FIRST + 1).ilog2() as usize;
    // Acquire: pairs with the Release in `take`.
    let start = TABLE.get(piece)?.load(Acquire);
    // SAFETY: pieces are never unmapped, and zeroed memory is a free slot; the number is less than
    // the pieces up to this one have.
    (!start.is_null()).then(|| unsafe { &*start.add(number - FIRST * ((1 << piece) - 1)) })
}

/// All slots, with their numbers.
pub fn all() -> impl Iterator<Item = (usize, &'static Slot)> {
    (0..capacity()).filter_map(|number| Some((number, get(number)?)))
}

/// A free slot, which waits for `thread` from now on; `None` when there is no memory. `from` is where
/// to look first. Only one thread at a time may call this.
pub fn take(
    from: usize,
    round: u32,
    thread: u32,
    call: Option<SystemCall>,
) -> Option<(usize, &'static Slot)> {
    let is_free = |(_, slot): &(usize, &'static Slot)| slot.state.load(Acquire) == FREE;
    let found = (from..capacity()).filter_map(|number| Some((number, get(number)?))).find(is_free);
    let (number, slot) = match found.or_else(|| all().find(is_free)) {
        Some(found) => found,
        None => add_piece()?,
    };
    // SAFETY: free, so nobody reads it.
    unsafe { *slot.call.get() = call };
    slot.round.store(round, Relaxed);
    slot.thread.store(thread, Relaxed);
    slot.state.store(ASKED, Release);
    Some((number, slot))
}

fn add_piece() -> Option<(usize, &'static Slot)> {
    let number = capacity();
    let piece = TABLE.iter().position(|piece| piece.load(Relaxed).is_null())?;
    let fresh = mapping::map(page_round((FIRST << piece) * size_of::<Slot>()))? as *mut Slot;
    // Release: pairs with the Acquire in `get`.
    TABLE.get(piece)?.store(fresh, Release);
    Some((number, get(number)?))
}

/// In a forked child: the threads that were asked do not exist here.
pub fn forget_all() {
    all().for_each(|(_, slot)| slot.state.store(FREE, Relaxed));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_found_by_their_numbers_and_wait_for_one_answer() {
        let mut taken = Vec::new();
        for thread in 0..500 {
            let (number, slot) = take(0, 7, thread, None).expect("memory");
            assert!(get(number).is_some_and(|found| ptr::eq(found, slot)));
            taken.push((number, slot));
        }
        assert!(taken.iter().enumerate().all(|(thread, (number, slot))| {
            *number == thread && slot.thread.load(Relaxed) == thread as u32
        }));
        let (first, second) = (taken[0].1, taken[1].1);
        assert!(!first.answer(6) && first.answer(7) && !first.answer(7));
        first.give_up(false);
        assert!(!first.is_stopped() && first.is_awaited());
        first.stopped();
        assert!(first.is_stopped() && first.is_of(7) && !first.is_of(8));
        second.give_up(false);
        assert!(second.is_missed() && second.is_of(7) && !second.answer(7));
        second.forget();
        assert!(!second.is_of(7));
        first.leave();
        assert_eq!(take(0, 8, 1, None).map(|(number, _)| number), Some(0));
        forget_all();
        assert!(all().all(|(_, slot)| !slot.is_of(7) && !slot.is_of(8)));
    }
}
