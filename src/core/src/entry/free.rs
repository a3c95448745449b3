//! Giving blocks back: into the cache, to the arena they came from, or to the kernel.

use super::check_fork;
use crate::arena::Misuse;
use crate::journey::{self, Step, note};
use crate::pages::heap;
use crate::pages::page_map::{self, Owner};
use crate::pages::run::{LARGE_CLASS, Run};
use crate::slabs::size_class::{CLASSES, TABLE};
use crate::thread::cache::Cache;
use crate::thread::{self, home, tls, uncached};
use crate::{arena, direct};

/// Frees a slot into the thread's cache; false when it takes more (or it is no slot of ours).
///
/// # Safety
/// Nobody uses the block any more.
#[inline(always)]
pub unsafe fn free_fast(block: *mut u8) -> bool {
    let cache = tls::fast();
    if cache.is_null() {
        return false;
    }
    let class = page_map::class_at(block as usize) as usize;
    if class.wrapping_sub(1) >= CLASSES - 1 {
        return false;
    }
    // SAFETY: the cache is this thread's; the class is one; the caller gives the block up.
    unsafe { Cache::push(cache, class, block) }
}

/// Frees a block; null is allowed. The block's bytes are not touched.
///
/// # Safety
/// If the address is that of a live block, nobody uses it any more.
#[inline]
pub unsafe fn free(block: *mut u8) -> Result<(), Misuse> {
    // SAFETY: the caller's promise.
    unsafe { if free_fast(block) { Ok(()) } else { free_slow(block) } }
}

/// [`free`] without the fast path.
///
/// # Safety
/// As for [`free`].
#[cold]
pub unsafe fn free_slow(block: *mut u8) -> Result<(), Misuse> {
    if block.is_null() {
        return Ok(());
    }
    check_fork();
    // SAFETY: the caller's promise.
    journey::record_free(block as usize, || unsafe { free_any(block) })
}

unsafe fn free_any(block: *mut u8) -> Result<(), Misuse> {
    let address = block as usize;
    let cache = thread::cache();
    // SAFETY: the caller gives the block up; descriptors are never unmapped.
    unsafe {
        match page_map::owner_of(address) {
            None => Err(Misuse::Foreign),
            Some(Owner::Direct(direct)) => {
                direct::free(direct, address)?;
                count_large_free(cache);
                Ok(())
            }
            Some(Owner::Heap(heap)) => match (*heap).class((*heap).page_of(address)) {
                0 => Err(Misuse::DoubleFree),
                LARGE_CLASS => {
                    if !is_large_start(heap, address) {
                        return Err(Misuse::Interior);
                    }
                    count_large_free(cache);
                    home::bring_home(&mut [address]);
                    Ok(())
                }
                class => {
                    free_slot(cache, class as usize, block);
                    Ok(())
                }
            },
        }
    }
}

unsafe fn is_large_start(heap: *mut heap::Heap, address: usize) -> bool {
    // SAFETY: the page has a class byte, so its `first` entry leads to its run.
    unsafe { arena::run_of(heap, address).is_some_and(|run| Run::address(run) == address) }
}

pub(super) unsafe fn free_slot(cache: *mut Cache, class: usize, slot: *mut u8) {
    debug_assert!(class < CLASSES && TABLE[class].slot_bytes > 0);
    if cache.is_null() {
        uncached::note_free(class);
        home::bring_home(&mut [slot as usize]);
        return;
    }
    // SAFETY: the cache is this thread's, and the caller gives the slot up.
    unsafe {
        if !Cache::push(cache, class, slot) {
            home::make_room(cache, class);
            let pushed = Cache::push(cache, class, slot);
            check!(pushed, "a stack is full after it was flushed");
        }
        note(Step::CachePush);
    }
}

unsafe fn count_large_free(cache: *mut Cache) {
    if cache.is_null() {
        uncached::note_free(uncached::LARGE);
    } else {
        // SAFETY: the cache is this thread's.
        unsafe { (*cache).large_frees += 1 };
    }
}

/// Counts what a layer above does itself: it hands a large block, or one with a mapping of its own,
/// that was freed and that it kept, out to the next.
pub fn note_handed_on() {
    let cache = thread::cache();
    // SAFETY: the cache is this thread's.
    unsafe {
        super::allocate::count_large_allocation(cache);
        count_large_free(cache);
    }
}
