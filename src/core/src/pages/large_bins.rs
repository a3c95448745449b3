//! Large bins: the free page runs of an arena, by size.
//!
//! One bin per length up to 32 pages, then four per doubling; a bitmap of the bins that hold
//! something. A run here is bounded by runs in use on both sides, for free neighbours were
//! coalesced, and none borders its heap's top.
//! Cost: a bit scan to find the first bin that fits; within a bin of mixed lengths the list is
//! searched, at most [`SEARCH_MAX`] runs.

use crate::pages::run::{Run, RunList};
use core::ptr;

const BINS: usize = 64;
const EXACT: usize = 32;
/// How many runs of one bin a search looks at.
const SEARCH_MAX: usize = 64;

/// The bins and what is in them.
pub struct LargeBins {
    bins: [RunList; BINS],
    filled: u64,
    /// Pages of all runs in the bins.
    pub free_pages: usize,
}

fn bin_of(pages: usize) -> usize {
    if pages <= EXACT {
        return pages - 1;
    }
    let doubling = pages.ilog2() as usize;
    (EXACT + (doubling - 5) * 4 + ((pages >> (doubling - 2)) & 3)).min(BINS - 1)
}

impl LargeBins {
    /// Empty bins.
    pub const fn new() -> Self {
        Self { bins: [const { RunList::new() }; BINS], filled: 0, free_pages: 0 }
    }

    /// Puts a free run into its bin.
    ///
    /// # Safety
    /// The arena's lock is held; the run is free, described, and in no list.
    pub unsafe fn insert(&mut self, run: *mut Run) {
        // SAFETY: the caller's promise.
        unsafe {
            let bin = bin_of((*run).pages as usize);
            self.bins[bin].push(run);
            self.filled |= 1 << bin;
            self.free_pages += (*run).pages as usize;
        }
    }

    /// Takes a run out of its bin.
    ///
    /// # Safety
    /// The arena's lock is held; the run is in its bin.
    pub unsafe fn remove(&mut self, run: *mut Run) {
        // SAFETY: the caller's promise.
        unsafe {
            let bin = bin_of((*run).pages as usize);
            self.bins[bin].remove(run);
            if self.bins[bin].first.is_null() {
                self.filled &= !(1 << bin);
            }
            self.free_pages -= (*run).pages as usize;
        }
    }

    /// The shortest run of at least `pages`, the first found among equals; null if there is none.
    pub fn shortest_fit(&self, pages: usize) -> *mut Run {
        let mut candidates = self.filled & (u64::MAX << bin_of(pages));
        while candidates != 0 {
            let bin = candidates.trailing_zeros() as usize;
            let found = shortest_in(&self.bins[bin], pages);
            if !found.is_null() {
                return found;
            }
            candidates &= candidates - 1;
        }
        ptr::null_mut()
    }

    /// The longest run, if it has at least `pages`; null otherwise.
    pub fn longest(&self, pages: usize) -> *mut Run {
        if self.filled == 0 {
            return ptr::null_mut();
        }
        let mut best: *mut Run = ptr::null_mut();
        self.visit_bin(63 - self.filled.leading_zeros() as usize, &mut |run| {
            // SAFETY: listed runs are live under the lock.
            unsafe {
                if (*run).pages as usize >= pages
                    && (best.is_null() || (*run).pages > (*best).pages)
                {
                    best = run;
                }
            }
        });
        best
    }

    /// Calls `visit` for every free run; it may change the run's contents but not the bins.
    pub fn visit(&self, visit: &mut dyn FnMut(*mut Run)) {
        for bin in 0..BINS {
            self.visit_bin(bin, visit);
        }
    }

    fn visit_bin(&self, bin: usize, visit: &mut dyn FnMut(*mut Run)) {
        let mut run = self.bins[bin].first;
        while !run.is_null() {
            visit(run);
            // SAFETY: listed runs are live under the lock.
            run = unsafe { (*run).next };
        }
    }
}

fn shortest_in(list: &RunList, pages: usize) -> *mut Run {
    let mut best: *mut Run = ptr::null_mut();
    let mut run = list.first;
    for _ in 0..SEARCH_MAX {
        if run.is_null() {
            break;
        }
        // SAFETY: listed runs are live under the lock.
        unsafe {
            let length = (*run).pages as usize;
            if length == pages {
                return run;
            }
            if length > pages && (best.is_null() || (*run).pages < (*best).pages) {
                best = run;
            }
            run = (*run).next;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_ordered_by_length() {
        let mut last = 0;
        for pages in 1..=crate::pages::heap::HEAP_PAGES_MAX {
            let bin = bin_of(pages);
            assert!(bin == last || bin == last + 1, "{pages}");
            last = bin;
        }
        assert_eq!(last, BINS - 1);
    }
}
