//! A small bin: the slabs of one size class that have free slots.
//!
//! The list is a stack: a slab that was full and gets one slot back goes first and is soon full
//! again, while emptier slabs sink and get the time to become empty. An empty slab's pages go
//! back to the large bins unless it is the bin's last with free slots.

use crate::arena::{Arena, Misuse};
use crate::config::config;
use crate::journey::{Step, note};
use crate::pages::Pages;
use crate::pages::run::{Run, RunList};
use crate::slabs::size_class::TABLE;
use crate::slabs::slab::{self, SlotError};
use core::sync::atomic::Ordering::Relaxed;

/// One size class's slabs in an arena.
pub struct SmallBin {
    /// Slabs with free slots.
    pub slabs: RunList,
    /// All slabs, full ones too.
    pub slab_count: u32,
}

impl SmallBin {
    /// No slabs.
    pub const fn new() -> Self {
        Self { slabs: RunList::new(), slab_count: 0 }
    }

    /// Takes up to `wanted` slots; see [`crate::arena::Inner::take_slots`].
    ///
    /// # Safety
    /// The lock of `arena`, whose bin and pages these are, is held; `wanted` words below `end`
    /// are the caller's.
    pub unsafe fn take(
        &mut self,
        pages: &mut Pages,
        arena: *mut Arena,
        class: usize,
        end: *mut usize,
        wanted: usize,
    ) -> usize {
        let mut taken = 0;
        // SAFETY: the caller's promise; listed slabs are live.
        unsafe {
            while taken < wanted {
                if self.slabs.first.is_null() && (taken > 0 || !self.add_slab(pages, arena, class))
                {
                    break;
                }
                let run = self.slabs.first;
                taken += slab::take(run, end.sub(taken), wanted - taken);
                if (*run).free_slots == 0 {
                    self.slabs.remove(run);
                    (*run).listed = false;
                }
            }
        }
        taken
    }

    unsafe fn add_slab(&mut self, pages: &mut Pages, arena: *mut Arena, class: usize) -> bool {
        let length = TABLE[class].pages as usize;
        // SAFETY: the lock is held; the run is fresh and occupied for this class.
        unsafe {
            let run = pages.take(arena, length, 1, class as u8);
            if run.is_null() {
                return false;
            }
            slab::lay_out(run, class);
            note(Step::NewSlab { class: class as u8, pages: length as u32 });
            self.slabs.push(run);
            (*run).listed = true;
        }
        self.slab_count += 1;
        true
    }

    /// Puts a slot back.
    ///
    /// # Safety
    /// The lock is held; `run` is a slab of this bin that `address` lies in.
    pub unsafe fn put(
        &mut self,
        pages: &mut Pages,
        run: *mut Run,
        address: usize,
    ) -> Result<(), Misuse> {
        // SAFETY: the caller's promise.
        unsafe {
            slab::put(run, address).map_err(|error| match error {
                SlotError::NotASlot => Misuse::Interior,
                SlotError::AlreadyFree => Misuse::DoubleFree,
            })?;
            if !(*run).listed {
                self.slabs.push(run);
                (*run).listed = true;
            }
            let only = (*run).next.is_null() && (*run).previous.is_null();
            if (*run).free_slots == (*run).slots && !only && may_go(run) {
                self.release(pages, run);
            }
        }
        Ok(())
    }

    /// Gives an empty slab's pages back.
    ///
    /// # Safety
    /// The lock is held; `run` is a listed slab of this bin with all slots free.
    unsafe fn release(&mut self, pages: &mut Pages, run: *mut Run) {
        // SAFETY: the caller's promise.
        unsafe {
            note(Step::SlabFreed { pages: (*run).pages });
            self.slabs.remove(run);
            (*run).listed = false;
            self.slab_count -= 1;
            let extension = (*run).extension.swap(0, Relaxed);
            if let Some(retire) = config().hooks.retire
                && extension != 0
            {
                retire(extension, (*run).class);
            }
            pages.put(run);
        }
    }

    /// Gives back every empty slab, the last one too.
    ///
    /// # Safety
    /// The lock of the arena of this bin and these pages is held.
    pub unsafe fn release_empty(&mut self, pages: &mut Pages) {
        let mut run = self.slabs.first;
        while !run.is_null() {
            // SAFETY: listed slabs are live; the next one is read before this one goes.
            unsafe {
                let next = (*run).next;
                if (*run).free_slots == (*run).slots && may_go(run) {
                    self.release(pages, run);
                }
                run = next;
            }
        }
    }
}

/// Asks the layer above whether an empty slab may go.
unsafe fn may_go(run: *const Run) -> bool {
    // SAFETY: the caller's slab is live under its arena's lock.
    unsafe {
        config().hooks.may_go.is_none_or(|may_go| {
            let bytes = TABLE[(*run).class as usize].slot_bytes as usize;
            may_go(slab::first_slot(run), bytes, (*run).carved as usize)
        })
    }
}
