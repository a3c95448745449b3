//! A thread's part of the checked heap: its rings, its random state, its number.
//!
//! Guardians live in private memory and are never freed: an ended thread's, emptied, is given to
//! the next new one. The thread's block holds the pointer; without memory for one the thread does
//! without a quarantine.

use super::settings::settings;
use super::{leave, quick};
use crate::callsite::counters::Tallies;
use crate::chunk::Alone;
use crate::chunk::secret::{Secret, secret};
use crate::guard::sample::Countdown;
use crate::quarantine::fifo::Entry;
use crate::quarantine::ring::Ring;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr;
use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::size_class::{CLASSES, TABLE};
use heapwarden_core::{PrivateHeap, Stacks, tls};

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
    /// Slots on their way from the rings to the FIFO.
    pub outgoing: [Entry; OUTGOING],
    /// How many of them.
    pub outgoing_count: usize,
    /// The thread's number; 0 is the first thread.
    pub number: u16,
    /// Blocks until one is guarded, if some are.
    pub countdown: Countdown,
    /// Whether the short way with records is open to the thread.
    pub records: bool,
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

static ALL: AtomicPtr<Guardian> = AtomicPtr::new(ptr::null_mut());
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

/// Calls `visit` with every table of counts that there is, also those of ended threads.
pub fn visit_tallies(visit: &mut dyn FnMut(&Tallies)) {
    // Acquire: pairs with the Release in `create`, and below with that in `make_tallies`.
    let mut guardian = ALL.load(Acquire);
    while !guardian.is_null() {
        // SAFETY: neither guardians nor tables are ever freed.
        unsafe {
            if let Some(tallies) = (*guardian).tallies.load(Acquire).as_ref() {
                visit(tallies);
            }
            guardian = (*guardian).next;
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

/// What is known of threads without making a guardian.
pub struct Known {
    /// The number that the next new thread gets.
    pub next_number: u32,
    /// The calling thread's number, and how many blocks it has allocated.
    pub own: Option<(u16, u32)>,
    /// Whether there are others, or in a forked child were.
    pub others: bool,
}

/// See [`Known`].
pub fn known() -> Known {
    // SAFETY: as for `current`.
    let own = unsafe { (*tls::block()).reserved[WORD] } as *const Guardian;
    // Acquire: pairs with the Release in `create`.
    let mut guardian: *const Guardian = ALL.load(Acquire);
    let mut others = false;
    while !guardian.is_null() {
        // SAFETY: guardians are never freed.
        unsafe {
            others |= guardian != own && (*guardian).busy.load(Relaxed);
            guardian = (*guardian).next;
        }
    }
    // SAFETY: this thread's own.
    let own = unsafe { own.as_ref() }.map(|own| (own.number, own.allocations));
    Known { next_number: NUMBERS.load(Relaxed), own, others }
}

#[cold]
fn obtain<'a>() -> Option<&'a mut Guardian> {
    heapwarden_core::check_fork();
    let guardian = take_idle().or_else(create)?;
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

/// A guardian without a thread: given back, or of a dead thread whose pointer this one has (it made
/// its first request when its end had been told already).
fn take_idle() -> Option<*mut Guardian> {
    let (pointer, generation) = (tls::thread_pointer(), heapwarden_core::generation());
    // Acquire: pairs with the Release in `create`.
    let mut guardian = ALL.load(Acquire);
    while !guardian.is_null() {
        // SAFETY: guardians are never freed. Acquire: pairs with the Release in `end_thread`.
        unsafe {
            let orphan = (*guardian).owner.load(Relaxed) == pointer
                && (*guardian).generation.load(Relaxed) == generation;
            if orphan {
                return Some(guardian);
            }
            let free = !(*guardian).busy.load(Relaxed);
            let busy = &(*guardian).busy;
            if free && busy.compare_exchange(false, true, Acquire, Relaxed).is_ok() {
                return Some(guardian);
            }
            guardian = (*guardian).next;
        }
    }
    None
}

/// Calls `visit` with class and number of the slots that wait in each thread's rings. Threads may be
/// at work: exact only while they rest.
pub fn visit_waiting(visit: &mut dyn FnMut(usize, u64)) {
    // Acquire: pairs with the Release in `create`.
    let mut guardian = ALL.load(Acquire);
    while !guardian.is_null() {
        // SAFETY: guardians are never freed; the owner's writes are of single words.
        unsafe {
            for class in 1..CLASSES {
                visit(class, (&(*guardian).rings)[class].count() as u64);
            }
            let count = (&raw const (*guardian).outgoing_count).read_volatile().min(OUTGOING);
            for place in 0..count {
                let slot = (&raw const (*guardian).outgoing[place].address).read_volatile();
                visit(heapwarden_core::class_at(slot) as usize, 1);
            }
            guardian = (*guardian).next;
        }
    }
}

fn create() -> Option<*mut Guardian> {
    // SAFETY: the layout is not empty; zeroed memory is a guardian but for what is set below.
    let guardian: *mut Guardian =
        unsafe { PrivateHeap.alloc_zeroed(Layout::new::<Guardian>()) }.cast();
    if guardian.is_null() {
        return None;
    }
    // SAFETY: fresh, and shared only by the exchange below.
    unsafe {
        for (ring, class) in (*guardian).rings.iter_mut().zip(&TABLE) {
            *ring = Ring::closed(class.slot_bytes as usize);
        }
        (*guardian).secret = *secret();
        (*guardian).alone = Alone::find();
        (*guardian).random = heapwarden_core::os::random_u64();
        (*guardian).step = heapwarden_core::os::random_u64() | 1;
        (*guardian).busy.store(true, Relaxed);
        let mut next = ALL.load(Relaxed);
        loop {
            (*guardian).next = next;
            // Release: pairs with the Acquire in `take_idle`.
            match ALL.compare_exchange(next, guardian, Release, Relaxed) {
                Ok(_) => return Some(guardian),
                Err(current) => next = current,
            }
        }
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
