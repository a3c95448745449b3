//! The way of one request through the allocator, step by step, for those who want to watch.
//!
//! Recording is for the first N requests of the process. Steps are noted on slow paths only;
//! when nothing is recorded a note costs one load from the thread block.

use crate::arena::Misuse;
use crate::thread::tls;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// One step on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The thread's cache had a slot.
    CacheHit,
    /// The block went into the thread's cache.
    CachePush,
    /// The block went into the quarantine of a layer above.
    Quarantined,
    /// The cache was filled with slots.
    Refill {
        /// How many.
        slots: u32,
    },
    /// Slots went home to their arena.
    Flush {
        /// How many.
        slots: u32,
    },
    /// A run was cut into slots.
    NewSlab {
        /// The size class.
        class: u8,
        /// Pages of the slab.
        pages: u32,
    },
    /// An empty slab became a free run.
    SlabFreed {
        /// Pages of the slab.
        pages: u32,
    },
    /// A free run was taken from its large bin.
    RunReused {
        /// Its pages.
        pages: u32,
    },
    /// A run was split.
    Split {
        /// Pages kept.
        pages: u32,
        /// Pages that became (or stayed) free.
        rest: u32,
    },
    /// A freed run merged with a free neighbour.
    Coalesce {
        /// The neighbour's pages.
        pages: u32,
    },
    /// Pages were cut from the untouched end of a heap.
    Top {
        /// How many.
        pages: u32,
    },
    /// A heap was mapped.
    NewHeap {
        /// Its bytes.
        bytes: usize,
    },
    /// A free heap went back to the kernel.
    HeapReleased {
        /// Its bytes.
        bytes: usize,
    },
    /// The block got a mapping of its own.
    Direct {
        /// Its bytes.
        bytes: usize,
    },
    /// A direct block went back to the kernel.
    DirectReleased {
        /// Its bytes.
        bytes: usize,
    },
    /// The block was left in another arena's mailbox.
    HandedOver,
    /// `realloc` kept the block where it is.
    InPlace,
    /// `realloc` moved the block.
    Moved,
    /// A system call was made.
    SystemCall(&'static str),
}

/// The most steps of one journey; further ones are not recorded.
pub const STEPS_MAX: usize = 32;

/// A finished journey.
#[derive(Debug)]
pub struct Journey<'a> {
    /// The request's number, from 1.
    pub number: u64,
    /// What was asked for.
    pub request: &'static str,
    /// The requested size; 0 for `free`.
    pub size: usize,
    /// The block handed out or freed; 0 when the request failed.
    pub address: usize,
    /// What happened, in order.
    pub steps: &'a [Step],
}

/// A journey under way, on the stack of the request.
pub struct Record {
    steps: [Step; STEPS_MAX],
    count: usize,
}

static LIMIT: AtomicU64 = AtomicU64::new(0);
static STARTED: AtomicU64 = AtomicU64::new(0);
static SINK: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

type Sink = fn(&Journey);

/// Records the first `limit` requests from here on, if every request takes the instrumented path
/// (`Config::instrument`). `sink` is called after each of them, with no lock held; it must not
/// allocate.
pub fn start(limit: u64, sink: fn(&Journey)) {
    SINK.store(sink as *mut (), Relaxed);
    // Release: pairs with the Acquire in `watched`, so that the sink is seen.
    LIMIT.store(limit, Release);
}

/// Notes a step of the calling thread's journey, if one is recorded.
#[inline]
pub fn note(step: Step) {
    // SAFETY: the thread block is this thread's; a record stays on the stack while it is set.
    unsafe {
        let record = (*tls::block()).journey;
        if !record.is_null() && (*record).count < STEPS_MAX {
            (*record).steps[(*record).count] = step;
            (*record).count += 1;
        }
    }
}

/// Runs an allocation, recording it if wanted. One that took no other step had a slot in the cache.
#[inline]
pub fn record(request: &'static str, size: usize, action: impl FnOnce() -> *mut u8) -> *mut u8 {
    if LIMIT.load(Relaxed) == 0 {
        return action();
    }
    let noted = || {
        let block = action();
        if !block.is_null() && is_without_step() {
            note(Step::CacheHit);
        }
        block
    };
    watched(request, size, noted, |block| *block as usize)
}

/// Whether a journey is recorded that took no step yet.
fn is_without_step() -> bool {
    // SAFETY: as in `note`.
    unsafe { (*tls::block()).journey.as_ref() }.is_some_and(|record| record.count == 0)
}

/// Runs a `free`, recording it if wanted.
#[inline]
pub fn record_free<R>(address: usize, action: impl FnOnce() -> R) -> R {
    if LIMIT.load(Relaxed) == 0 {
        return action();
    }
    watched("free", 0, action, |_| address)
}

/// Runs a `realloc`, recording it if wanted.
#[inline]
pub(crate) fn record_resize(
    address: usize,
    size: usize,
    action: impl FnOnce() -> Result<*mut u8, Misuse>,
) -> Result<*mut u8, Misuse> {
    if LIMIT.load(Relaxed) == 0 {
        return action();
    }
    watched("realloc", size, action, |moved| match moved {
        Ok(block) => *block as usize,
        Err(_) => address,
    })
}

#[cold]
fn watched<R>(
    request: &'static str,
    size: usize,
    action: impl FnOnce() -> R,
    address_of: impl FnOnce(&R) -> usize,
) -> R {
    let block = tls::block();
    // SAFETY: the thread block is this thread's.
    let nested = unsafe { !(*block).journey.is_null() };
    // Acquire: pairs with the Release in `start`.
    let limit = LIMIT.load(Acquire);
    if nested || STARTED.load(Relaxed) >= limit {
        return action();
    }
    let number = STARTED.fetch_add(1, Relaxed) + 1;
    if number > limit {
        return action();
    }
    let mut record = Record { steps: [Step::CacheHit; STEPS_MAX], count: 0 };
    // SAFETY: the record outlives its entry in the thread block, which is cleared right after.
    unsafe { (*block).journey = &raw mut record };
    let result = action();
    // SAFETY: as above.
    unsafe { (*block).journey = ptr::null_mut() };
    // SAFETY: `start` stored a `Sink` before it set the limit.
    let sink: Sink = unsafe { core::mem::transmute(SINK.load(Relaxed)) };
    let steps = &record.steps[..record.count];
    sink(&Journey { number, request, size, address: address_of(&result), steps });
    result
}
