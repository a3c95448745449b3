//! A thread's cache: per size class, a stack of slots that are ready to be handed out.
//!
//! The heir of ptmalloc's fast bins. Stacks live out of line; they are filled and emptied in
//! batches. A stack's limit starts small and doubles when the thread proves that it needs more.
//! What a cache holds counts as out: its slots' free bits are clear.
//! Cost of a hit: two loads, a compare, a load, two stores.
//!
//! Caches are never freed: an ended thread's is given to the next new one, so counters only grow
//! and need no merging. In a forked child the caches of threads that do not exist keep their
//! slots for good, a bounded loss.

use crate::arena::Arena;
use crate::field;
use crate::layout::Fact;
use crate::slabs::size_class::{CLASSES, TABLE};
use core::ptr;
use core::sync::atomic::AtomicUsize;

/// The stack limit of a class that was not used yet.
const FIRST_LIMIT: usize = 16;

/// One class's stack of slots.
#[repr(C)]
pub struct CacheBin {
    /// Behind the topmost slot.
    top: *mut usize,
    /// The lowest place.
    base: *mut usize,
    /// Behind the highest place that may be used now.
    limit: *mut usize,
    /// Slots handed out so far.
    pub allocations: u64,
}

/// Slots that went between a stack and the arenas.
#[derive(Clone, Copy)]
pub struct Flow {
    /// Taken from an arena.
    pub refilled: u64,
    /// Brought back.
    pub flushed: u64,
}

/// A thread's cache.
#[repr(C)]
pub struct Cache {
    /// The stacks; entry 0 stays empty.
    pub bins: [CacheBin; CLASSES],
    /// The flows, by class.
    pub flows: [Flow; CLASSES],
    /// The owner's thread pointer; 0 when it has none.
    pub owner: AtomicUsize,
    /// In which generation of forked processes the owner took it.
    pub generation: u32,
    /// The arena the thread is assigned to.
    pub arena: *const Arena,
    /// How often in a row the arena was found locked.
    pub contention: u32,
    /// Next in the list of all caches.
    pub next: *mut Cache,
    /// Next in the list of caches without a thread.
    pub next_idle: *mut Cache,
    /// Large and direct blocks handed out and taken back by this thread.
    pub large_allocations: u64,
    /// See `large_allocations`.
    pub large_frees: u64,
}

const fn stack_places() -> usize {
    let (mut places, mut class) = (0, 1);
    while class < CLASSES {
        places += TABLE[class].cached_max as usize;
        class += 1;
    }
    places
}

/// Bytes of a cache with its stacks behind it.
pub const CACHE_BYTES: usize = size_of::<Cache>() + stack_places() * size_of::<usize>();

impl CacheBin {
    /// How many slots it holds.
    pub fn count(&self) -> usize {
        (self.top as usize - self.base as usize) / size_of::<usize>()
    }

    /// How many slots it may hold now.
    pub fn capacity(&self) -> usize {
        (self.limit as usize - self.base as usize) / size_of::<usize>()
    }

    /// The slots it holds, lowest place (least recently freed) first.
    pub fn slots(&self) -> &[usize] {
        // SAFETY: the places from base to top hold slots and are the bin's.
        unsafe { core::slice::from_raw_parts(self.base, self.count()) }
    }

    /// Doubles the capacity if the class allows it.
    pub fn grow(&mut self, class: usize) -> bool {
        let most = TABLE[class].cached_max as usize;
        let capacity = self.capacity();
        if capacity >= most {
            return false;
        }
        // SAFETY: the class's places reach up to its `cached_max`.
        self.limit = unsafe { self.base.add((capacity * 2).min(most)) };
        true
    }

    /// Moves the `count` least recently freed slots to `out`.
    pub fn take_oldest(&mut self, out: &mut [usize]) {
        let count = out.len();
        debug_assert!(count <= self.count());
        // SAFETY: `count` slots lie above base; the rest moves down within the stack.
        unsafe {
            ptr::copy_nonoverlapping(self.base, out.as_mut_ptr(), count);
            ptr::copy(self.base.add(count), self.base, self.count() - count);
            self.top = self.top.sub(count);
        }
    }

    /// Fills the empty stack by `fill`, which writes at most `wanted` slots downwards from the
    /// place it is given and returns how many. Returns the same.
    pub fn fill(&mut self, wanted: usize, fill: impl FnOnce(*mut usize) -> usize) -> usize {
        debug_assert!(self.count() == 0 && wanted <= self.capacity());
        // SAFETY: `wanted` places above base are the bin's; `fill` wrote the upper `filled`.
        unsafe {
            let filled = fill(self.base.add(wanted));
            ptr::copy(self.base.add(wanted - filled), self.base, filled);
            self.top = self.base.add(filled);
            filled
        }
    }
}

impl Cache {
    /// Makes an empty cache at `place`.
    ///
    /// # Safety
    /// `place` is [`CACHE_BYTES`] of zeroed private memory that nobody uses.
    pub unsafe fn create(place: *mut Cache) {
        // SAFETY: the caller's promise; the stacks lie behind the cache.
        unsafe {
            let mut base = place.add(1).cast::<usize>();
            for (bin, class) in (&mut (*place).bins)[1..].iter_mut().zip(&TABLE[1..]) {
                let most = class.cached_max as usize;
                (bin.base, bin.top) = (base, base);
                bin.limit = base.add(most.min(FIRST_LIMIT));
                base = base.add(most);
            }
        }
    }

    /// Hands out a slot of `class`; null when there is none.
    ///
    /// # Safety
    /// `cache` is the calling thread's; `class` is less than [`CLASSES`].
    #[inline(always)]
    pub unsafe fn pop(cache: *mut Cache, class: usize) -> *mut u8 {
        // SAFETY: the caller's promise; below top and above base lie slots.
        unsafe {
            let bin = (&raw mut (*cache).bins).cast::<CacheBin>().add(class);
            let top = (*bin).top;
            if top == (*bin).base {
                return ptr::null_mut();
            }
            let top = top.sub(1);
            (*bin).top = top;
            (*bin).allocations += 1;
            let slot = *top as *mut u8;
            // Only slots are pushed, so the callers' test for null need not be made twice.
            core::hint::assert_unchecked(!slot.is_null());
            slot
        }
    }

    /// Puts a slot back that was just handed out, as if it had not been.
    ///
    /// # Safety
    /// `cache` is the calling thread's; the slot is the last that [`pop`](Self::pop) returned for
    /// `class`.
    #[cold]
    pub unsafe fn unpop(cache: *mut Cache, class: usize, slot: *mut u8) {
        // SAFETY: the caller's promise: the place above top was the slot's.
        unsafe {
            let bin = &mut (*cache).bins[class];
            *bin.top = slot as usize;
            bin.top = bin.top.add(1);
            bin.allocations -= 1;
        }
    }

    /// Takes a slot of `class` back; false when the stack is full.
    ///
    /// # Safety
    /// `cache` is the calling thread's; `class` is less than [`CLASSES`]; nobody uses the slot.
    #[inline(always)]
    pub unsafe fn push(cache: *mut Cache, class: usize, slot: *mut u8) -> bool {
        // SAFETY: the caller's promise; below limit lie places of the bin.
        unsafe {
            let bin = (&raw mut (*cache).bins).cast::<CacheBin>().add(class);
            let top = (*bin).top;
            if top == (*bin).limit {
                return false;
            }
            *top = slot as usize;
            (*bin).top = top.add(1);
            true
        }
    }
}

/// For debuggers.
pub static FACTS: [Fact; 7] = [
    Fact::place("caches", &raw const crate::thread::ALL),
    Fact::number("Cache", size_of::<Cache>()),
    field!(Cache, bins),
    field!(Cache, next),
    Fact::number("CacheBin", size_of::<CacheBin>()),
    field!(CacheBin, top),
    field!(CacheBin, base),
];
