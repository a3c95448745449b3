//! Taking a run: from the large bins by the policy, else from a heap's top, else from a new heap.

use super::Pages;
use super::fit::{Choice, Placement};
use super::heap::{self, HEAP_PAGES_MAX, Heap};
use super::page_map::GRANULE;
use super::run::{Run, RunState};
use crate::arena::Arena;
use crate::journey::{Step, note};
use crate::os::PAGE;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;

const GRANULE_PAGES: usize = GRANULE / PAGE;

impl Pages {
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
        // SAFETY: the arena's heaps are live under its lock.
        unsafe {
            let best = self.heap_with_top(pages);
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

    /// The heap that [`Pages::take_from_top`] is to take from; null if there is none.
    unsafe fn heap_with_top(&mut self, pages: usize) -> *mut Heap {
        // SAFETY: the arena's heaps are live under its lock.
        let room = |heap: *mut Heap| unsafe { ((*heap).pages - (*heap).top) as usize };
        if !self.sole.is_null() && pages >= self.sole_pages {
            return if room(self.sole) >= pages { self.sole } else { ptr::null_mut() };
        }
        let mut best: *mut Heap = ptr::null_mut();
        let (mut best_rank, mut count) = ((false, 0), 0);
        let mut heap = self.heaps;
        // SAFETY: as above.
        unsafe {
            while !heap.is_null() {
                if room(heap) >= pages {
                    count += 1;
                    let used = (*heap).touched as usize >= (*heap).top as usize + pages;
                    let rank = (used, (*heap).top);
                    if best.is_null() || rank > best_rank {
                        (best, best_rank) = (heap, rank);
                    }
                }
                heap = (*heap).next;
            }
        }
        if count == 1 {
            (self.sole, self.sole_pages) = (best, pages);
        }
        best
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
            self.forget_sole();
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
}
