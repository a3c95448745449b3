//! Memory that goes back to the kernel: after a decay, at once on demand, and when a request
//! could not be served.
//!
//! Free pages wait `decay_ms` for reuse, or an eighth of that when they are half of what the arena
//! has. The clock is read every [`CLOCK_PERIOD`] runs put back.
//! Cost of a pass: a look at every free run of the arena, an madvise per dirty one.

use crate::arena::Inner;
use crate::config::config;
use crate::journey::{Step, note};
use crate::os::{self, PAGE, mapping};
use crate::pages::Pages;
use crate::pages::heap::{self, Heap};
use crate::pages::run::Run;
use crate::{arena::arenas, slabs::purge, thread, thread::home};

/// Runs put back between two looks at the clock.
const CLOCK_PERIOD: u32 = 64;
/// Free dirty pages that are never too many: 16 MiB.
const DIRTY_ALWAYS: usize = (16 << 20) / PAGE;

/// Called after a run was put back.
///
/// # Safety
/// The lock of the arena of `pages` is held.
pub unsafe fn after_put(pages: &mut Pages) {
    let decay = u64::from(config().decay_ms);
    if !pages.puts.is_multiple_of(CLOCK_PERIOD) && decay != 0 {
        return;
    }
    pages.now_ms = os::now_ms();
    let too_many = pages.dirty_pages > DIRTY_ALWAYS.max(pages.mapped_bytes / PAGE / 2);
    let age = if too_many { decay / 8 } else { decay };
    if pages.now_ms < pages.purged_ms + age / 2 {
        return;
    }
    pages.purged_ms = pages.now_ms;
    // SAFETY: the caller's promise.
    unsafe { purge_older(pages, age, 1) };
}

/// Gives back free pages that have been free for `age_ms`, and free heaps but for `keep_heaps`.
/// Returns the bytes given back.
///
/// # Safety
/// The lock of the arena of `pages` is held.
unsafe fn purge_older(pages: &mut Pages, age_ms: u64, keep_heaps: u32) -> usize {
    let now = pages.now_ms as u32;
    let old = |since: u32| u64::from(now.wrapping_sub(since)) >= age_ms;
    let (mut given, mut dirty) = (0, 0);
    pages.bins.visit(&mut |run| {
        // SAFETY: runs in the bins are free, so nobody needs their contents.
        unsafe {
            if (*run).clean {
                return;
            }
            let length = (*run).pages as usize;
            if old((*run).freed_at) && mapping::purge(Run::address(run), length * PAGE) {
                (*run).clean = true;
                given += length * PAGE;
            } else {
                dirty += length;
            }
        }
    });
    let mut kept = 0;
    let mut link = &raw mut pages.heaps;
    // SAFETY: the heaps are the arena's under its lock; their tops hold no block.
    unsafe {
        while !(*link).is_null() {
            let heap = *link;
            if (*heap).top == 0 && old((*heap).emptied_at) && kept >= keep_heaps {
                *link = (*heap).next;
                pages.forget_sole();
                pages.heap_count -= 1;
                pages.mapped_bytes -= (*heap).pages as usize * PAGE;
                given += (*heap).pages as usize * PAGE;
                note(Step::HeapReleased { bytes: (*heap).pages as usize * PAGE });
                heap::release(heap);
                continue;
            }
            kept += u32::from((*heap).top == 0);
            given += purge_top(heap, old((*heap).emptied_at));
            dirty += ((*heap).touched - (*heap).top) as usize;
            link = &raw mut (*heap).next;
        }
    }
    pages.dirty_pages = dirty;
    given
}

/// Gives back the used pages of a heap's top. Returns their bytes.
unsafe fn purge_top(heap: *mut Heap, old: bool) -> usize {
    // SAFETY: the arena's lock is held; the top holds no block.
    unsafe {
        let used = ((*heap).touched - (*heap).top) as usize;
        if !old || used == 0 {
            return 0;
        }
        let start = (*heap).base + (*heap).top as usize * PAGE;
        if !mapping::purge(start, used * PAGE) {
            return 0;
        }
        (*heap).touched = (*heap).top;
        used * PAGE
    }
}

/// Gives back all that can be given back of one arena.
unsafe fn trim_arena(inside: &mut Inner) -> usize {
    // SAFETY: the caller holds the arena's key.
    unsafe {
        let Inner { pages, bins, .. } = inside;
        for bin in bins.iter_mut() {
            bin.release_empty(pages);
        }
        pages.now_ms = os::now_ms();
        purge_older(pages, 0, 0) + bins.iter().map(|bin| purge::purge_bin(bin)).sum::<usize>()
    }
}

/// Gives back what the calling thread's cache and all arenas can spare. Returns whether anything
/// went back. This is `malloc_trim`; what to keep is up to the heaps, so `_keep` is not used.
pub fn trim(_keep: usize) -> bool {
    crate::entry::check_fork();
    let cache = thread::cache();
    if !cache.is_null() {
        // SAFETY: the cache is this thread's.
        unsafe { home::flush_all(cache) };
    }
    thread::flush_idle();
    let mut given = 0;
    arenas::visit(&mut |arena| {
        if let Some(mut inside) = arena.enter() {
            // SAFETY: the key is held.
            given += unsafe { trim_arena(&mut inside) };
        }
    });
    given > 0
}

/// Called when a request could not be served: empty slabs and free heaps of all arenas go back,
/// so that the memory can serve another size. Returns whether there was anything.
#[cold]
pub fn reclaim() -> bool {
    trim(0)
}

/// The heaps of `pages`, one after another.
pub fn visit_heaps(pages: &Pages, visit: &mut dyn FnMut(*mut Heap)) {
    let mut heap = pages.heaps;
    while !heap.is_null() {
        visit(heap);
        // SAFETY: the heaps are the arena's under its lock.
        heap = unsafe { (*heap).next };
    }
}
