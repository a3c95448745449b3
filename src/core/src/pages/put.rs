//! Putting a run back: it merges with the free runs on both sides, or with the top.

use super::Pages;
use super::heap::Heap;
use super::run::{Run, RunState};
use crate::journey::{Step, note};

impl Pages {
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
                if self.sole != heap {
                    self.forget_sole();
                }
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

    pub(super) unsafe fn merge(&mut self, neighbour: *mut Run) {
        // SAFETY: a free run below the top is in the bins.
        unsafe {
            self.take_from_bin(neighbour);
            note(Step::Coalesce { pages: (*neighbour).pages });
        }
        self.coalesces += 1;
    }
}
