//! The page runs of an arena: taking one, splitting it, putting it back, coalescing.
//!
//! Invariants (under the arena's lock): every page below a heap's top belongs to exactly one run;
//! no two free runs are neighbours; no free run borders the top.
//! Cost: a search of the large bins and two boundary looks per request; a new heap is one mmap.

pub mod fit;
pub mod heap;
pub mod large_bins;
pub mod page_map;
pub mod run;

use crate::arena::Arena;
use crate::config::config;
use crate::journey::{Step, note};
use crate::os::PAGE;
use crate::pages::fit::{Choice, Placement, Policy};
use crate::pages::heap::{HEAP_PAGES_MAX, Heap};
use crate::pages::large_bins::LargeBins;
use crate::pages::page_map::GRANULE;
use crate::pages::run::{LARGE_CLASS, Run, RunState};
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;

const GRANULE_PAGES: usize = GRANULE / PAGE;

/// Free runs, heaps, and the policy that chooses among them.
pub struct Pages {
    /// Free runs by length.
    pub bins: LargeBins,
    /// The heaps, by address.
    pub heaps: *mut Heap,
    /// How many heaps.
    pub heap_count: u32,
    /// Bytes of all heaps.
    pub mapped_bytes: usize,
    /// Free pages that may be resident: those of runs that are not clean and of used tops.
    pub dirty_pages: usize,
    /// Runs put back, to pace the clock.
    pub puts: u32,
    /// The clock when it was last read.
    pub now_ms: u64,
    /// When free pages were last given back.
    pub purged_ms: u64,
    /// Runs that were split.
    pub splits: u64,
    /// Runs that were merged with a free neighbour.
    pub coalesces: u64,
    policy: Policy,
}

impl Pages {
    /// No heaps yet.
    pub fn new() -> Self {
        Self {
            bins: LargeBins::new(),
            heaps: ptr::null_mut(),
            heap_count: 0,
            mapped_bytes: 0,
            dirty_pages: 0,
            puts: 0,
            now_ms: 0,
            purged_ms: 0,
            splits: 0,
            coalesces: 0,
            policy: Policy::new(config().fit),
        }
    }

    /// Takes `pages` whose first is a multiple of `alignment_pages`, as a run of class `class`.
    /// Null when there is no memory.
    ///
    /// # Safety
    /// The lock of `arena`, whose pages these are, is held.
    pub unsafe fn take(
        &mut self,
        arena: *mut Arena,
        pages: usize,
        alignment_pages: usize,
        class: u8,
    ) -> *mut Run {
        let needed = pages + alignment_pages - 1;
        // SAFETY: the lock is held; the run found is free and becomes ours.
        unsafe {
            let mut run = self.take_from_bins(needed);
            if run.is_null() {
                run = self.take_from_top(needed);
            }
            if run.is_null() {
                self.add_heap(arena, needed);
                run = self.take_from_top(needed);
            }
            if run.is_null() {
                return run;
            }
            let first = (*run).page as usize;
            let start = first.next_multiple_of(alignment_pages);
            self.cut(run, start - first, pages, class)
        }
    }

    unsafe fn take_from_bins(&mut self, pages: usize) -> *mut Run {
        let choice = Choice { bins: &self.bins, heaps: self.heaps, pages };
        let run = self.policy.choose(&choice);
        if !run.is_null() {
            // SAFETY: a policy chooses among the runs in the bins.
            unsafe {
                note(Step::RunReused { pages: (*run).pages });
                self.take_from_bin(run);
            }
        }
        run
    }

    /// A run of exactly `pages` from a heap's top: one that was used before and may be resident
    /// if there is one, and among those of the fullest heap, so that others can become empty.
    unsafe fn take_from_top(&mut self, pages: usize) -> *mut Run {
        let mut best: *mut Heap = ptr::null_mut();
        let mut best_rank = (false, 0);
        let mut heap = self.heaps;
        // SAFETY: the arena's heaps are live under its lock.
        unsafe {
            while !heap.is_null() {
                let room = ((*heap).pages - (*heap).top) as usize;
                let used = (*heap).touched as usize >= (*heap).top as usize + pages;
                let rank = (used, (*heap).top);
                if room >= pages && (best.is_null() || rank > best_rank) {
                    (best, best_rank) = (heap, rank);
                }
                heap = (*heap).next;
            }
            if best.is_null() {
                return ptr::null_mut();
            }
            note(Step::Top { pages: pages as u32 });
            let page = (*best).top as usize;
            (*best).bound_free(page, pages);
            let run = (*best).run(page);
            (*run).clean = (*best).top >= (*best).touched;
            self.raise_top(best, pages);
            run
        }
    }

    /// Moves a heap's top up over `pages` that are taken from it.
    unsafe fn raise_top(&mut self, heap: *mut Heap, pages: usize) {
        // SAFETY: the heap is the arena's under its lock and has the room.
        unsafe {
            let used = ((*heap).touched - (*heap).top) as usize;
            self.dirty_pages -= used.min(pages);
            (*heap).top += pages as u32;
            (*heap).touched = (*heap).touched.max((*heap).top);
        }
    }

    unsafe fn put_into_bin(&mut self, run: *mut Run) {
        // SAFETY: the caller's run is free, described and in no list.
        unsafe {
            self.bins.insert(run);
            if !(*run).clean {
                self.dirty_pages += (*run).pages as usize;
            }
        }
    }

    unsafe fn take_from_bin(&mut self, run: *mut Run) {
        // SAFETY: the caller's run is in its bin.
        unsafe {
            self.bins.remove(run);
            if !(*run).clean {
                self.dirty_pages -= (*run).pages as usize;
            }
        }
    }

    /// Maps a heap with room for `pages`: a quarter of what the arena has, so that big programs
    /// have few heaps and small ones little address space.
    unsafe fn add_heap(&mut self, arena: *mut Arena, pages: usize) {
        let least = pages.next_multiple_of(GRANULE_PAGES);
        let wanted = (self.mapped_bytes / PAGE / 4)
            .next_multiple_of(GRANULE_PAGES)
            .clamp(GRANULE_PAGES, HEAP_PAGES_MAX)
            .max(least);
        let mut heap = heap::create(arena, wanted);
        if heap.is_null() && wanted > least {
            heap = heap::create(arena, least);
        }
        if heap.is_null() {
            return;
        }
        // SAFETY: the heap is fresh; the links are ours under the lock.
        unsafe {
            let bytes = (*heap).pages as usize * PAGE;
            note(Step::NewHeap { bytes });
            self.mapped_bytes += bytes;
            self.heap_count += 1;
            let mut link = &raw mut self.heaps;
            while !(*link).is_null() && (**link).base < (*heap).base {
                link = &raw mut (**link).next;
            }
            (*heap).next = *link;
            *link = heap;
        }
    }

    /// Keeps `pages` of a run behind the first `skip`, occupied as `class`; the rest is free.
    unsafe fn cut(&mut self, run: *mut Run, skip: usize, pages: usize, class: u8) -> *mut Run {
        // SAFETY: the run is ours alone; its heap is live.
        unsafe {
            let heap = (*run).heap;
            let (first, length, clean) =
                ((*run).page as usize, (*run).pages as usize, (*run).clean);
            let start = first + skip;
            let kept = (*heap).run(start);
            (*kept).heap = heap;
            (*kept).page = start as u32;
            (*kept).pages = pages as u32;
            (*kept).state = RunState::Large;
            (*kept).class = class;
            (*kept).clean = clean;
            (*kept).extension.store(0, Relaxed);
            (*heap).occupy(start, pages, class);
            if skip > 0 {
                self.free_range(heap, first, skip, clean);
            }
            let rest = length - skip - pages;
            if rest > 0 {
                self.splits += 1;
                note(Step::Split { pages: pages as u32, rest: rest as u32 });
                self.free_range(heap, start + pages, rest, clean);
            }
            kept
        }
    }

    /// Puts a run back: it becomes free and merges with its free neighbours.
    ///
    /// # Safety
    /// The lock of the arena is held; the run is one of its slabs without slots in use, or a
    /// large block that nobody uses any more.
    pub unsafe fn put(&mut self, run: *mut Run) {
        // SAFETY: the caller's promise.
        unsafe {
            let (heap, page, pages) = ((*run).heap, (*run).page as usize, (*run).pages as usize);
            self.puts = self.puts.wrapping_add(1);
            (*heap).vacate(page, pages);
            self.free_range(heap, page, pages, false);
            crate::trim::after_put(self);
        }
    }

    /// Makes pages that belong to no run (any more) a free run, or part of one, or of the top.
    ///
    /// # Safety
    /// The arena's lock is held; no block lies in the pages and their class bytes are 0.
    pub unsafe fn free_range(&mut self, heap: *mut Heap, page: usize, pages: usize, clean: bool) {
        let (mut start, mut length, mut clean) = (page, pages, clean);
        // SAFETY: the caller's promise; neighbours below the top are described runs.
        unsafe {
            if start > 0 {
                let before = (*heap).run((*heap).first_page(start - 1));
                if (*before).state == RunState::Free {
                    self.merge(before);
                    start = (*before).page as usize;
                    length += (*before).pages as usize;
                    clean &= (*before).clean;
                }
            }
            if start + length == (*heap).top as usize {
                (*heap).top = start as u32;
                self.dirty_pages += length;
                (*heap).emptied_at = self.now_ms as u32;
                return;
            }
            let after = (*heap).run(start + length);
            if (*after).state == RunState::Free {
                self.merge(after);
                length += (*after).pages as usize;
                clean &= (*after).clean;
            }
            (*heap).bound_free(start, length);
            let run = (*heap).run(start);
            (*run).clean = clean;
            (*run).freed_at = self.now_ms as u32;
            self.put_into_bin(run);
        }
    }

    unsafe fn merge(&mut self, neighbour: *mut Run) {
        // SAFETY: a free run below the top is in the bins.
        unsafe {
            self.take_from_bin(neighbour);
            note(Step::Coalesce { pages: (*neighbour).pages });
        }
        self.coalesces += 1;
    }

    /// Shortens a large block to `pages`; the rest is free.
    ///
    /// # Safety
    /// The lock is held; `run` is a large block of more than `pages`, whose end nobody uses.
    pub unsafe fn shorten(&mut self, run: *mut Run, pages: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let (heap, start) = ((*run).heap, (*run).page as usize + pages);
            let rest = (*run).pages as usize - pages;
            (*run).pages = pages as u32;
            self.splits += 1;
            note(Step::Split { pages: pages as u32, rest: rest as u32 });
            (*heap).vacate(start, rest);
            self.free_range(heap, start, rest, false);
        }
    }

    /// Lengthens a large block to `pages` where it is, if what lies behind it is free.
    ///
    /// # Safety
    /// The lock is held; `run` is a large block of fewer than `pages`.
    pub unsafe fn lengthen(&mut self, run: *mut Run, pages: usize) -> bool {
        // SAFETY: the caller's promise; what lies behind is the top or a described run.
        unsafe {
            let heap = (*run).heap;
            let (end, more) =
                ((*run).page as usize + (*run).pages as usize, pages - (*run).pages as usize);
            if end == (*heap).top as usize {
                if ((*heap).pages - (*heap).top) as usize >= more {
                    self.raise_top(heap, more);
                    (*heap).occupy((*run).page as usize, pages, LARGE_CLASS);
                    (*run).pages = pages as u32;
                    return true;
                }
                return false;
            }
            let after = (*heap).run(end);
            if (*after).state != RunState::Free || ((*after).pages as usize) < more {
                return false;
            }
            let (length, clean) = ((*after).pages as usize, (*after).clean);
            self.merge(after);
            (*heap).occupy((*run).page as usize, pages, LARGE_CLASS);
            (*run).pages = pages as u32;
            if length > more {
                self.free_range(heap, end + more, length - more, clean);
            }
            true
        }
    }
}
