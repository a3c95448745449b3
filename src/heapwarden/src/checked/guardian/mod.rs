//! A thread's part of the checked heap: its rings, its random state, its number.
//!
//! Guardians live in private memory and are never freed: an ended thread's, emptied, is given to
//! the next new one. The thread's block holds the pointer; without memory for one the thread does
//! without a quarantine.

mod all;

pub use all::{close_records, known, visit_tallies, visit_waiting};

use super::settings::settings;
use super::{leave, quick};
use crate::callsite::counters::Tallies;
use crate::chunk::Alone;
use crate::chunk::secret::Secret;
use crate::guard::sample::Countdown;
use crate::quarantine::fifo::Entry;
use crate::quarantine::ring::Ring;
use core::ptr;
use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicUsize,
    Ordering::{Relaxed, Release},
};
use heapwarden_core::{Stacks, tls};

/// Which of the thread block's words is ours.
const WORD: usize = 1;
/// How many slots leave the rings before they go to the shared FIFO together.
pub const OUTGOING: usize = 32;

/// As many rings as a class byte has values.
pub const RINGS: usize = 1 << u8::BITS;

/// A thread's rings and counters, and what else the short way needs at hand.
pub struct Guardian {
    /// Rings by class. What the core says of pages without slots, 0 or a number that is no class,
    /// has rings too, which are never opened.
    pub rings: [Ring; RINGS],
    /// The process's secret.
    pub secret: Secret,
    /// Where libc says whether the process has one thread.
    pub alone: Alone,
    /// The thread's stacks of free slots, while the short way is open to it.
    pub stacks: Stacks,
    /// Slots on their way: the first ones from the rings to the FIFO, the others, as far as there are any, from
    /// the FIFO to the core. One comes, and the one whose place it takes leaves.
    pub outgoing: [Entry; OUTGOING],
    /// How many are on their way to the FIFO.
    pub outgoing_count: usize,
    /// The thread's number; 0 is the first thread.
    pub number: u16,
    /// Blocks until one is guarded, if some are.
    pub countdown: Countdown,
    /// Whether the short way with records is open to the thread.
    pub records: AtomicBool,
    /// Whether freed blocks wait on that way.
    pub waits: bool,
    /// Frees until a random chunk is verified.
    pub until_check: u32,
    /// Allocations so far, the clock of the evidence.
    pub allocations: u32,
    /// What the threads that had this guardian have counted per call site.
    tallies: AtomicPtr<Tallies>,
    random: u64,
    step: u64,
    busy: AtomicBool,
    /// The owner's thread pointer, and the generation of forked processes it took this in.
    owner: AtomicUsize,
    generation: AtomicU32,
    next: *mut Guardian,
}

/// The number that the next new thread gets.
static NUMBERS: AtomicU32 = AtomicU32::new(0);

impl Guardian {
    /// The next random bits: the better half of a linear congruential generator whose start and
    /// step are the thread's own.
    #[inline(always)]
    pub fn random(&mut self) -> u32 {
        self.random = self.random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(self.step);
        (self.random >> 32) as u32
    }
}

impl Guardian {
    /// The table of the thread's counts per call site; `None` without memory for one.
    #[inline(always)]
    pub fn tallies(&self) -> Option<&'static Tallies> {
        // SAFETY: tables are never freed; only the guardian's thread sets the word.
        unsafe { self.tallies.load(Relaxed).as_ref() }
    }

    #[cold]
    fn make_tallies(&self) {
        if self.tallies().is_none()
            && let Some(fresh) = Tallies::create()
        {
            // Release: pairs with the Acquire in `visit_tallies`.
            self.tallies.store(ptr::from_ref(fresh).cast_mut(), Release);
        }
    }
}

/// The calling thread's guardian; `None` without memory for one.
#[inline(always)]
pub fn current<'a>() -> Option<&'a mut Guardian> {
    // SAFETY: the thread block is this thread's, and the word leads to this thread's guardian.
    unsafe {
        let word = (*tls::block()).reserved[WORD] as *mut Guardian;
        if word.is_null() { obtain() } else { Some(&mut *word) }
    }
}

/// The calling thread's guardian if it has one.
#[inline(always)]
pub fn existing<'a>() -> Option<&'a mut Guardian> {
    // SAFETY: as for `current`.
    unsafe { ((*tls::block()).reserved[WORD] as *mut Guardian).as_mut() }
}

/// The calling thread's countdown to its next guarded block; `None` without memory for one.
pub fn countdown<'a>() -> Option<&'a mut Countdown> {
    current().map(|guardian| &mut guardian.countdown)
}

/// The thread's number without making a guardian.
pub fn number() -> u16 {
    // SAFETY: as for `current`.
    unsafe {
        let word = (*tls::block()).reserved[WORD] as *mut Guardian;
        if word.is_null() { u16::MAX } else { (*word).number }
    }
}

/// The number that the next new thread gets.
pub fn next_number() -> u16 {
    NUMBERS.load(Relaxed).clamp(1, u32::from(u16::MAX)) as u16
}

#[cold]
fn obtain<'a>() -> Option<&'a mut Guardian> {
    heapwarden_core::check_fork();
    let guardian = all::take_idle().or_else(all::create)?;
    // SAFETY: marked busy by this thread alone; the thread block is this thread's.
    unsafe {
        (*guardian).owner.store(tls::thread_pointer(), Relaxed);
        (*guardian).generation.store(heapwarden_core::generation(), Relaxed);
        (*guardian).number = NUMBERS.fetch_add(1, Relaxed).min(u32::from(u16::MAX)) as u16;
        (*guardian).countdown = Countdown::of_thread((*guardian).number);
        if settings().accounting {
            (*guardian).make_tallies();
        }
        (*tls::block()).reserved[WORD] = guardian as usize;
        quick::open(&mut *guardian);
        Some(&mut *guardian)
    }
}

/// The core's hook: the thread ends, and its quarantined slots go on to the FIFO or the core.
pub fn end_thread() {
    // SAFETY: the thread block and the guardian it leads to are this thread's.
    unsafe {
        let word = &mut (*tls::block()).reserved[WORD];
        let guardian = *word as *mut Guardian;
        if guardian.is_null() {
            return;
        }
        quick::close();
        leave::empty_rings(&mut *guardian);
        *word = 0;
        (*guardian).owner.store(0, Relaxed);
        // Release: pairs with the Acquire in `take_idle`.
        (*guardian).busy.store(false, Release);
    }
}
