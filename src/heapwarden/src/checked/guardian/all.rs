//! All guardians there are: a list that only grows, read without a lock.

use super::{Guardian, NUMBERS, OUTGOING, WORD};
use crate::callsite::counters::Tallies;
use crate::chunk::Alone;
use crate::chunk::secret::secret;
use crate::quarantine::ring::Ring;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr;
use core::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::size_class::{CLASSES, TABLE};
use heapwarden_core::{PrivateHeap, tls};

static ALL: AtomicPtr<Guardian> = AtomicPtr::new(ptr::null_mut());
/// A new guardian, for the calling thread.
pub fn create() -> Option<*mut Guardian> {
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

/// A guardian without a thread: given back, or of a dead thread whose pointer this one has (it made
/// its first request when its end had been told already).
pub fn take_idle() -> Option<*mut Guardian> {
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

/// Closes the short way with records to all threads.
pub fn close_records() {
    // Acquire: pairs with the Release in `create`.
    let mut guardian = ALL.load(Acquire);
    while !guardian.is_null() {
        // SAFETY: guardians are never freed.
        unsafe {
            (*guardian).records.store(false, Relaxed);
            guardian = (*guardian).next;
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
            for place in 0..OUTGOING {
                let slot = (&raw const (*guardian).outgoing[place].address).read_volatile();
                if slot != 0 {
                    visit(heapwarden_core::class_at(slot) as usize, 1);
                }
            }
            guardian = (*guardian).next;
        }
    }
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
