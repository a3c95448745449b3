//! A thread's life with the allocator: it gets a cache at its first slow path and gives it back
//! when its thread-specific data is destroyed. What it still frees or allocates after that (libc
//! does) goes to the arenas directly.
//!
//! The very first thread is special: the loader calls malloc, then zeroes the thread block when
//! it sets up thread-local storage for good. Its cache is remembered by the thread pointer.

use crate::arena::Arena;
use crate::cache::{CACHE_BYTES, Cache};
use crate::config::config;
use crate::lock::Locked;
use crate::tls::{self, STAGE_ATTACHED, STAGE_ENDED};
use crate::{arenas, home, os, private_heap};
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

static ALL: AtomicPtr<Cache> = AtomicPtr::new(ptr::null_mut());
static THREADS: AtomicU32 = AtomicU32::new(0);

struct Idle(*mut Cache);

// SAFETY: the caches in the list belong to it, and it is behind a lock.
unsafe impl Send for Idle {}

static IDLE: Locked<Idle> = Locked::new(Idle(ptr::null_mut()));

/// The first thread's pointer and cache, until it ends.
static EARLY_POINTER: AtomicUsize = AtomicUsize::new(0);
static EARLY_CACHE: AtomicPtr<Cache> = AtomicPtr::new(ptr::null_mut());

/// The key whose destructor tells that a thread ends, plus one; 0 when there is none yet.
static KEY: Locked<u32> = Locked::new(0);

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
        let early = EARLY_POINTER.load(Relaxed) == tls::thread_pointer();
        let cache = if early { EARLY_CACHE.load(Relaxed) } else { obtain_cache() };
        if cache.is_null() {
            return cache;
        }
        (*block).cache = cache;
        (*block).stage = STAGE_ATTACHED;
        (*block).fast = if config().instrument { ptr::null_mut() } else { cache };
        if !early {
            // From here on nested calls find the cache: setting the key may allocate.
            watch_for_end(cache);
        }
        cache
    }
}

fn obtain_cache() -> *mut Cache {
    let idle = IDLE.with(|idle| {
        let cache = idle.0;
        if !cache.is_null() {
            // SAFETY: idle caches are live and the list's.
            idle.0 = unsafe { (*cache).next_idle };
        }
        cache
    });
    let cache = if idle.is_null() { create_cache() } else { idle };
    if cache.is_null() {
        return cache;
    }
    let arena = arenas::assign(ptr::null(), false);
    if arena.is_null() {
        put_idle(cache);
        return ptr::null_mut();
    }
    // SAFETY: the cache is this thread's now.
    unsafe {
        (*cache).arena = arena;
        (*cache).contention = 0;
    }
    THREADS.fetch_add(1, Relaxed);
    cache
}

fn create_cache() -> *mut Cache {
    let first = ALL.load(Relaxed).is_null();
    if first {
        os::fork::watch();
    }
    let cache: *mut Cache = private_heap::permanent(CACHE_BYTES, 64).cast();
    if cache.is_null() {
        return cache;
    }
    // SAFETY: fresh zeroed private memory of a cache's size.
    unsafe { Cache::create(cache) };
    if first {
        EARLY_POINTER.store(tls::thread_pointer(), Relaxed);
        EARLY_CACHE.store(cache, Relaxed);
    }
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

fn put_idle(cache: *mut Cache) {
    IDLE.with(|idle| {
        // SAFETY: the caller's cache has no thread any more.
        unsafe { (*cache).next_idle = idle.0 };
        idle.0 = cache;
    });
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
    // SAFETY: libc calls this on the thread that set the value, once.
    unsafe {
        (*block).fast = ptr::null_mut();
        (*block).cache = ptr::null_mut();
        (*block).stage = STAGE_ENDED;
    }
    if EARLY_CACHE.load(Relaxed) == cache {
        EARLY_POINTER.store(0, Relaxed);
    }
    crate::entry::check_fork();
    // SAFETY: the cache is unreachable from the thread now, so it is ours.
    unsafe {
        home::flush_all(cache);
        arenas::leave((*cache).arena);
        (*cache).arena = ptr::null::<Arena>();
    }
    THREADS.fetch_sub(1, Relaxed);
    put_idle(cache);
}

/// Puts the lists in order in a forked child.
///
/// # Safety
/// Only the repairing thread runs.
pub unsafe fn repair_after_fork() {
    // SAFETY: the caller's promise. A key that was just being created is created again.
    unsafe {
        IDLE.restart(Idle(ptr::null_mut()));
        KEY.restart(0);
    }
    THREADS.store(1, Relaxed);
}
