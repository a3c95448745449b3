//! A thread's life with the allocator: it gets a cache at its first slow path and gives it back
//! when its thread-specific data is destroyed. What it still frees or allocates after that (libc
//! does) goes to the arenas directly.
//!
//! A cache remembers its owner's thread pointer. The very first thread needs that: the loader calls
//! malloc, then zeroes the thread block when it sets up thread-local storage for good.

pub mod cache;
pub mod home;
pub mod tls;
pub mod uncached;

use crate::config::config;
use crate::sync::Locked;
use crate::thread::cache::{CACHE_BYTES, Cache};
use crate::thread::tls::{STAGE_ATTACHED, STAGE_ENDED};
use crate::{arena::arenas, os, private_heap};
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

static ALL: AtomicPtr<Cache> = AtomicPtr::new(ptr::null_mut());
static THREADS: AtomicU32 = AtomicU32::new(0);

/// Caches without a thread, the most recent first. The first few keep their slots for the next
/// thread: programs with many short threads then pay for no refill and no flush.
struct Idle {
    first: *mut Cache,
    count: u32,
}

/// How many idle caches keep their slots.
const WARM_MAX: u32 = 4;

// SAFETY: the caches in the list belong to it, and it is behind a lock.
unsafe impl Send for Idle {}

impl Idle {
    const NONE: Idle = Idle { first: ptr::null_mut(), count: 0 };

    fn push(&mut self, cache: *mut Cache) {
        // SAFETY: the cache has no thread, so it belongs to the list.
        unsafe { (*cache).next_idle = self.first };
        self.first = cache;
        self.count += 1;
    }

    fn pop(&mut self) -> *mut Cache {
        let cache = self.first;
        if !cache.is_null() {
            // SAFETY: idle caches are never freed, and the list's.
            self.first = unsafe { (*cache).next_idle };
            self.count -= 1;
        }
        cache
    }
}

static IDLE: Locked<Idle> = Locked::new(Idle::NONE);

/// How many forks lie between this process and the first one. Caches of earlier generations may
/// be torn, but for that of the thread that forked.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// The key whose destructor tells that a thread ends, plus one; 0 when there is none yet.
static KEY: Locked<u32> = Locked::new(0);

/// How many forks lie between this process and the first: what another thread of a parent owned
/// may be torn.
pub fn generation() -> u32 {
    GENERATION.load(Relaxed)
}

/// Threads that have a cache.
pub fn count() -> u32 {
    THREADS.load(Relaxed)
}

/// Calls `visit` for every cache, also those without a thread. The owners may be running: what
/// is read is exact only for the calling thread and for threads that rest.
pub fn visit_caches(visit: &mut dyn FnMut(&Cache)) {
    // Acquire: pairs with the Release in `create_cache`.
    let mut cache = ALL.load(Acquire);
    while !cache.is_null() {
        // SAFETY: caches are never freed.
        let found = unsafe { &*cache };
        visit(found);
        cache = found.next;
    }
}

/// Gives the calling thread its cache now, so that a program that enters a sandbox before its first
/// request has all that was to be asked of the kernel behind it.
pub fn prepare_thread() {
    crate::entry::check_fork();
    cache();
}

/// The calling thread's cache; null when it has ended or there is no memory.
#[inline]
pub fn cache() -> *mut Cache {
    // SAFETY: the thread block is this thread's.
    let cache = unsafe { (*tls::block()).cache };
    if cache.is_null() { attach() } else { cache }
}

#[cold]
fn attach() -> *mut Cache {
    let block = tls::block();
    // SAFETY: the thread block is this thread's; caches are never freed.
    unsafe {
        if (*block).stage == STAGE_ENDED {
            return ptr::null_mut();
        }
        let cache = obtain_cache();
        if cache.is_null() {
            return cache;
        }
        // Set before the key: from here on nested calls find the cache, and setting a key may
        // allocate.
        (*block).cache = cache;
        (*block).stage = STAGE_ATTACHED;
        let closed = config().instrument || config().layered;
        (*block).fast = if closed { ptr::null_mut() } else { cache };
        watch_for_end(cache);
        cache
    }
}

fn obtain_cache() -> *mut Cache {
    let idle = IDLE.with(Idle::pop);
    if idle.is_null() {
        let own = find_own();
        if !own.is_null() {
            return own;
        }
    }
    let cache = if idle.is_null() { create_cache() } else { idle };
    if cache.is_null() {
        return cache;
    }
    // SAFETY: the cache is this thread's now; arenas are never freed.
    unsafe {
        (*cache).owner.store(tls::thread_pointer(), Relaxed);
        (*cache).generation = GENERATION.load(Relaxed);
        let last = (*cache).arena;
        (*cache).arena = if last.is_null() || (*last).is_abandoned() {
            arenas::assign(ptr::null(), false)
        } else {
            arenas::join(last)
        };
        (*cache).contention = 0;
        if (*cache).arena.is_null() {
            // Not ours to find again: whoever takes it from the list owns it.
            (*cache).owner.store(0, Relaxed);
            IDLE.with(|idle| idle.push(cache));
            return ptr::null_mut();
        }
    }
    THREADS.fetch_add(1, Relaxed);
    cache
}

/// A cache whose owner has this thread's pointer. Either it is this thread's from before the
/// loader zeroed the thread block, or its owner is dead and had no destructor run any more: it
/// made its first request in the last round of them.
fn find_own() -> *mut Cache {
    let (pointer, generation) = (tls::thread_pointer(), GENERATION.load(Relaxed));
    let mut own: *const Cache = ptr::null();
    visit_caches(&mut |cache| {
        // Only a thread with this pointer writes it, so no other thread can want this cache; the
        // generation is written before and only by owners, of which this is one.
        if cache.owner.load(Relaxed) == pointer && cache.generation == generation {
            own = cache;
        }
    });
    own.cast_mut()
}

fn create_cache() -> *mut Cache {
    if ALL.load(Relaxed).is_null() {
        os::fork::watch();
    }
    let cache: *mut Cache = private_heap::permanent(CACHE_BYTES, 64).cast();
    if cache.is_null() {
        return cache;
    }
    // SAFETY: fresh zeroed private memory of a cache's size.
    unsafe { Cache::create(cache) };
    let mut next = ALL.load(Relaxed);
    loop {
        // SAFETY: not shared yet.
        unsafe { (*cache).next = next };
        // Release: pairs with the Acquire in `visit_caches`.
        match ALL.compare_exchange(next, cache, Release, Relaxed) {
            Ok(_) => return cache,
            Err(current) => next = current,
        }
    }
}

/// Brings the slots of all idle caches home.
pub fn flush_idle() {
    let mut rest = IDLE.with(|idle| core::mem::replace(idle, Idle::NONE));
    loop {
        let cache = rest.pop();
        if cache.is_null() {
            return;
        }
        // SAFETY: taken out of the list, so the cache is ours until it is put back.
        unsafe { home::flush_all(cache) };
        IDLE.with(|idle| idle.push(cache));
    }
}

/// Asks libc to call [`end`] when this thread's specific data is destroyed.
fn watch_for_end(cache: *mut Cache) {
    let key = KEY.with(|key| {
        if *key == 0 {
            let mut created: libc::pthread_key_t = 0;
            // SAFETY: a key for a function that lives as long as the library (nodelete).
            if unsafe { libc::pthread_key_create(&mut created, Some(end)) } == 0 {
                *key = created + 1;
            }
        }
        *key
    });
    if key != 0 {
        // SAFETY: the key exists. If libc refuses, the cache stays with the dead thread.
        unsafe { libc::pthread_setspecific(key - 1, cache.cast()) };
    }
}

/// The thread ends: its slots go home, its cache to the next thread.
unsafe extern "C" fn end(value: *mut c_void) {
    let cache: *mut Cache = value.cast();
    let block = tls::block();
    if let Some(thread_end) = config().hooks.thread_end {
        thread_end();
    }
    // SAFETY: libc calls this on the thread that set the value, once.
    unsafe {
        (*block).fast = ptr::null_mut();
        (*block).cache = ptr::null_mut();
        (*block).stage = STAGE_ENDED;
    }
    crate::entry::check_fork();
    // SAFETY: the cache is unreachable from the thread now, so it is ours.
    unsafe {
        if IDLE.with(|idle| idle.count) >= WARM_MAX {
            home::flush_all(cache);
        }
        arenas::leave((*cache).arena);
        (*cache).owner.store(0, Relaxed);
    }
    THREADS.fetch_sub(1, Relaxed);
    IDLE.with(|idle| idle.push(cache));
}

/// Puts the lists in order in a forked child.
///
/// # Safety
/// Only the repairing thread runs.
pub unsafe fn repair_after_fork() {
    // SAFETY: the caller's promise. A key that was just being created is created again.
    unsafe {
        IDLE.restart(Idle::NONE);
        KEY.restart(0);
    }
    // SAFETY: the thread block is this thread's; a thread with a cache has an arena.
    unsafe {
        let cache = (*tls::block()).cache;
        if !cache.is_null() {
            arenas::join((*cache).arena);
        }
    }
    GENERATION.fetch_add(1, Relaxed);
    THREADS.store(1, Relaxed);
}
