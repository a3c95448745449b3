//! The page runs of an arena: taking one, splitting it, putting it back, coalescing.
//!
//! Invariants (under the arena's lock): every page below a heap's top belongs to exactly one run;
//! no two free runs are neighbours; no free run borders the top.
//! Cost: a search of the large bins and two boundary looks per request; a new heap is one mmap.

pub mod fit;
pub mod heap;
pub mod large_bins;
pub mod page_map;
mod put;
mod resize;
pub mod run;
mod take;

use crate::config::config;
use crate::pages::fit::Policy;
use crate::pages::heap::Heap;
use crate::pages::large_bins::LargeBins;
use crate::pages::run::Run;
use core::ptr;

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
    /// The only heap, if one is known, whose top has room for `sole_pages` or more: with a thousand
    /// full heaps a search would cost a cache miss each.
    sole: *mut Heap,
    sole_pages: usize,
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
            sole: ptr::null_mut(),
            sole_pages: 0,
        }
    }

    /// A heap came, or goes, or its top has grown: there may be others with room now.
    pub fn forget_sole(&mut self) {
        self.sole = ptr::null_mut();
    }

    /// Moves a heap's top up over `pages` that are taken from it.
    pub(super) unsafe fn raise_top(&mut self, heap: *mut Heap, pages: usize) {
        // SAFETY: the heap is the arena's under its lock and has the room.
        unsafe {
            let used = ((*heap).touched - (*heap).top) as usize;
            self.dirty_pages -= used.min(pages);
            (*heap).top += pages as u32;
            (*heap).touched = (*heap).touched.max((*heap).top);
        }
    }

    pub(super) unsafe fn put_into_bin(&mut self, run: *mut Run) {
        // SAFETY: the caller's run is free, described and in no list.
        unsafe {
            self.bins.insert(run);
            if !(*run).clean {
                self.dirty_pages += (*run).pages as usize;
            }
        }
    }

    pub(super) unsafe fn take_from_bin(&mut self, run: *mut Run) {
        // SAFETY: the caller's run is in its bin.
        unsafe {
            self.bins.remove(run);
            if !(*run).clean {
                self.dirty_pages -= (*run).pages as usize;
            }
        }
    }
}
