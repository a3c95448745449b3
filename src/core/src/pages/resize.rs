//! Changing the length of a large block where it is.

use super::Pages;
use super::run::{LARGE_CLASS, Run, RunState};
use crate::journey::{Step, note};

impl Pages {
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
