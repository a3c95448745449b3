//! Allocation: a slot from the cache or the arena, a run of pages, or a mapping of its own.

use super::check_fork;
use crate::arena::{Arena, Inner, arenas};
use crate::journey::{self, Step, note};
use crate::os::{PAGE, page_round};
use crate::pages::run::Run;
use crate::slabs::size_class::{self, SMALL_MAX, TABLE_MAX};
use crate::thread::cache::Cache;
use crate::thread::{self, home, tls, uncached};
use crate::{direct, statistics, trim};
use core::ptr;

/// A block of at most [`TABLE_MAX`] bytes from the thread's cache; null when it takes more.
#[inline(always)]
pub fn allocate_fast(size: usize) -> *mut u8 {
    let cache = tls::fast();
    if cache.is_null() || size > TABLE_MAX {
        return ptr::null_mut();
    }
    // SAFETY: the cache is this thread's; the table holds classes.
    unsafe { Cache::pop(cache, size_class::class_of_table(size)) }
}

/// A 16-aligned block of `size` bytes. Null when that is impossible or there is no memory.
#[inline]
pub fn allocate(size: usize) -> *mut u8 {
    let fast = allocate_fast(size);
    if fast.is_null() { allocate_slow(size) } else { fast }
}

/// [`allocate`] without the fast path.
#[cold]
pub fn allocate_slow(size: usize) -> *mut u8 {
    check_fork();
    journey::record("malloc", size, || {
        let block = allocate_any(size);
        statistics::note_request(size, block);
        block
    })
}

fn allocate_any(size: usize) -> *mut u8 {
    if size <= SMALL_MAX {
        allocate_slot(size_class::class_of(size))
    } else if size < direct::threshold() {
        allocate_large(page_round(size) / PAGE, 1)
    } else {
        allocate_direct(size, PAGE)
    }
}

pub(super) fn allocate_slot(class: usize) -> *mut u8 {
    let cache = thread::cache();
    if cache.is_null() {
        return allocate_slot_uncached(class);
    }
    // SAFETY: the cache is this thread's.
    unsafe {
        let slot = Cache::pop(cache, class);
        if !slot.is_null() {
            note(Step::CacheHit);
            return slot;
        }
        if !home::refill(cache, class) {
            return ptr::null_mut();
        }
        Cache::pop(cache, class)
    }
}

/// Runs `action` inside an arena for a thread without a cache.
fn with_any_arena<R>(action: impl FnOnce(*mut Arena, &mut Inner) -> R) -> Option<R> {
    let arena = arenas::assign(ptr::null(), false);
    if arena.is_null() {
        return None;
    }
    // SAFETY: arenas are never freed.
    let result =
        unsafe { (*arena).enter() }.map(|mut inside| action(arena.cast_mut(), &mut inside));
    arenas::leave(arena);
    result
}

fn allocate_slot_uncached(class: usize) -> *mut u8 {
    let mut slot = 0usize;
    // SAFETY: the key makes the arena's inside ours; one word below the end of `slot` is `slot`.
    with_any_arena(|arena, inside| unsafe {
        inside.take_slots(arena, class, (&raw mut slot).add(1), 1)
    });
    if slot != 0 {
        uncached::note_allocation(class);
    }
    slot as *mut u8
}

pub(super) fn allocate_large(pages: usize, alignment_pages: usize) -> *mut u8 {
    let block = large_once(pages, alignment_pages);
    if block.is_null() && trim::reclaim() {
        return large_once(pages, alignment_pages);
    }
    block
}

fn large_once(pages: usize, alignment_pages: usize) -> *mut u8 {
    let cache = thread::cache();
    // SAFETY: the cache is this thread's; the key makes the arena's inside ours.
    unsafe {
        let run = if cache.is_null() {
            with_any_arena(|arena, inside| inside.take_large(arena, pages, alignment_pages))
        } else {
            home::enter_own(cache)
                .map(|(arena, mut inside)| inside.take_large(arena, pages, alignment_pages))
        };
        match run {
            Some(run) if !run.is_null() => {
                count_large_allocation(cache);
                Run::address(run) as *mut u8
            }
            _ => ptr::null_mut(),
        }
    }
}

pub(super) fn allocate_direct(size: usize, alignment: usize) -> *mut u8 {
    let cache = thread::cache();
    let mut block = direct::allocate(size, alignment);
    if block.is_null() && size <= isize::MAX as usize && trim::reclaim() {
        block = direct::allocate(size, alignment);
    }
    if !block.is_null() {
        // SAFETY: the cache is this thread's.
        unsafe { count_large_allocation(cache) };
    }
    block
}

/// # Safety
/// `cache` is the calling thread's, or null.
pub(super) unsafe fn count_large_allocation(cache: *mut Cache) {
    if cache.is_null() {
        uncached::note_allocation(uncached::LARGE);
    } else {
        // SAFETY: the caller's promise.
        unsafe { (*cache).large_allocations += 1 };
    }
}
