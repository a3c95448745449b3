//! The ways in: allocate and free.
//!
//! The fast halves are inlined into the front doors: a class lookup and a push or pop on the
//! thread's cache. They give up (null, false) for whatever is not that simple; the slow halves
//! do everything, in tail position of a cold call.

use crate::arena::{Arena, Misuse};
use crate::journey::{self, Step, note};
use crate::os::{PAGE, fork, page_round};
use crate::pages::page_map::{self, GRANULE, Owner};
use crate::pages::run::{LARGE_CLASS, Run};
use crate::slabs::size_class::{self, CLASSES, SMALL_MAX, TABLE, TABLE_MAX};
use crate::thread::cache::Cache;
use crate::{
    arena::arenas, arena::batch, direct, pages::heap, private_heap, statistics, thread,
    thread::home, thread::tls, thread::uncached, trim,
};
use core::ptr;

/// Looks whether this is a forked child; see `os::fork`.
#[inline]
pub fn check_fork() {
    fork::check(repair_after_fork);
}

fn repair_after_fork() {
    // SAFETY: `fork::check` runs this once per child, on one thread, the others waiting.
    unsafe {
        private_heap::repair_after_fork();
        arenas::repair_after_fork();
        heap::repair_after_fork();
        direct::repair_after_fork();
        batch::repair_after_fork();
        thread::repair_after_fork();
    }
    if let Some(child) = crate::config::config().hooks.child {
        child();
    }
}

/// A block of at most [`TABLE_MAX`] bytes from the thread's cache; null when it takes more.
#[inline(always)]
pub fn allocate_fast(size: usize) -> *mut u8 {
    let cache = tls::fast();
    if size > TABLE_MAX || cache.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the cache is this thread's; the table holds classes.
    unsafe { Cache::pop(cache, size_class::class_of_table(size)) }
}

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

/// A slot of `class` for a layer above; null when there is no memory.
#[inline(always)]
pub fn allocate_class(class: usize) -> *mut u8 {
    debug_assert!(class > 0 && class < CLASSES);
    // SAFETY: the thread block and its cache are this thread's.
    unsafe {
        let cache = (*tls::block()).cache;
        if !cache.is_null() {
            let slot = Cache::pop(cache, class);
            if !slot.is_null() {
                return slot;
            }
        }
    }
    allocate_class_slow(class)
}

#[cold]
fn allocate_class_slow(class: usize) -> *mut u8 {
    check_fork();
    allocate_slot(class)
}

/// Takes back a slot of `class` from a layer above.
///
/// # Safety
/// `slot` is a slot of this class that was handed out, and nobody uses it any more.
#[inline(always)]
pub unsafe fn free_class(class: usize, slot: *mut u8) {
    // SAFETY: the thread block and its cache are this thread's; the rest is the caller's promise.
    unsafe {
        let cache = (*tls::block()).cache;
        if cache.is_null() || !Cache::push(cache, class, slot) {
            free_class_slow(class, slot);
        }
    }
}

#[cold]
unsafe fn free_class_slow(class: usize, slot: *mut u8) {
    check_fork();
    // SAFETY: the caller's promise.
    unsafe { free_slot(thread::cache(), class, slot) };
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

fn allocate_slot(class: usize) -> *mut u8 {
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
fn with_any_arena<R>(action: impl FnOnce(*mut Arena, &mut crate::arena::Inner) -> R) -> Option<R> {
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

fn allocate_large(pages: usize, alignment_pages: usize) -> *mut u8 {
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

fn allocate_direct(size: usize, alignment: usize) -> *mut u8 {
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
unsafe fn count_large_allocation(cache: *mut Cache) {
    if cache.is_null() {
        uncached::note_allocation(uncached::LARGE);
    } else {
        // SAFETY: the caller's promise.
        unsafe { (*cache).large_allocations += 1 };
    }
}

/// A zeroed block of `size` bytes.
pub fn allocate_zeroed(size: usize) -> *mut u8 {
    let block = allocate(size);
    if !block.is_null() && !is_known_zero(block, size) {
        // SAFETY: the block has at least `size` bytes and is ours.
        unsafe { ptr::write_bytes(block, 0, size) };
    }
    block
}

/// Whether a block that was just handed out reads as zero: direct blocks are fresh mappings, and
/// large runs know whether their pages were ever used.
fn is_known_zero(block: *mut u8, size: usize) -> bool {
    if size <= SMALL_MAX {
        return false;
    }
    match page_map::owner_of(block as usize) {
        Some(Owner::Direct(_)) => true,
        // SAFETY: the block is live, so its heap and its run's descriptor are.
        Some(Owner::Heap(heap)) => unsafe {
            let page = (*heap).page_of(block as usize);
            (*heap).class(page) == LARGE_CLASS && (*(*heap).run(page)).clean
        },
        None => false,
    }
}

/// A block of `size` bytes at a multiple of `alignment`, a power of two.
pub fn allocate_aligned(size: usize, alignment: usize) -> *mut u8 {
    if alignment <= 16 {
        return allocate(size);
    }
    check_fork();
    journey::record("memalign", size, || {
        let block = allocate_aligned_any(size, alignment);
        statistics::note_request(size, block);
        block
    })
}

fn allocate_aligned_any(size: usize, alignment: usize) -> *mut u8 {
    if alignment <= PAGE
        && let Some(class) = size_class::class_of_aligned(size, alignment)
    {
        return allocate_slot(class);
    }
    let fits_heap = alignment <= GRANULE / 2
        && size.checked_add(alignment).is_some_and(|sum| sum < direct::threshold());
    if fits_heap {
        let pages = page_round(size.max(1)) / PAGE;
        return allocate_large(pages, (alignment / PAGE).max(1));
    }
    allocate_direct(size, alignment)
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
    unsafe { crate::arena::run_of(heap, address).is_some_and(|run| Run::address(run) == address) }
}

unsafe fn free_slot(cache: *mut Cache, class: usize, slot: *mut u8) {
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
