//! Page runs for the private heap: blocks of one page to 128 KiB, cut from aligned regions.
//!
//! A region's first page says which of its pages are used; an address leads there by its upper bits.
//! A region without a used page goes back to the kernel, so that the tables that were made for a
//! crowd of blocks (records, one array per slab) do not outlive it.
//! Invariant: a region is in the list of open ones as long as it has pages worth looking for.
//! Cost: a look at no more than [`LOOKS_MAX`] regions, each 256 bits; 1/256 of a region.

use crate::os::{PAGE, mapping};
use crate::private_heap::{count_metadata, discount_metadata};
use core::ptr;

const REGION_BYTES: usize = 1 << 20;
const PAGES: usize = REGION_BYTES / PAGE;
const WORDS: usize = PAGES / u64::BITS as usize;
/// The largest block.
pub const RUN_BYTES_MAX: usize = 128 * 1024;
/// How many regions are looked at before a new one is mapped.
const LOOKS_MAX: usize = 8;
/// A region with fewer free pages is no longer looked at, until it has [`OPEN_FROM`] again.
const CLOSED_BELOW: usize = 4;
const OPEN_FROM: usize = 32;

/// The first page of a region.
struct Region {
    used: [u64; WORDS],
    free: usize,
    is_open: bool,
    /// The child process, counted in restarts, whose lists know it.
    epoch: usize,
    next: *mut Region,
    previous: *mut Region,
}

/// The open regions.
pub struct Runs {
    first: *mut Region,
    epoch: usize,
}

// SAFETY: the regions belong to the list's owner, which is behind a lock.
unsafe impl Send for Runs {}

impl Runs {
    /// No region. Regions of another epoch, which a torn list knew, are never touched again.
    pub const fn new(epoch: usize) -> Runs {
        Runs { first: ptr::null_mut(), epoch }
    }

    /// A run of `pages`, at most those of [`RUN_BYTES_MAX`]; 0 when there is no memory. Its bytes
    /// may be anything.
    pub fn take(&mut self, pages: usize) -> usize {
        let mut region = self.first;
        // SAFETY: open regions are mapped, and the list's.
        unsafe {
            for _ in 0..LOOKS_MAX {
                if region.is_null() {
                    break;
                }
                if let Some(page) = (*region).find(pages) {
                    return self.cut(region, page, pages);
                }
                region = (*region).next;
            }
            let fresh = self.map();
            if fresh.is_null() {
                return 0;
            }
            self.cut(fresh, 1, pages)
        }
    }

    /// Takes a run back.
    ///
    /// # Safety
    /// The run came from [`Runs::take`] with the same number of pages; nobody uses it any more.
    pub unsafe fn give(&mut self, address: usize, pages: usize) {
        let region = (address & !(REGION_BYTES - 1)) as *mut Region;
        // SAFETY: a run's region is mapped as long as it has the run.
        unsafe {
            if (*region).epoch != self.epoch {
                return;
            }
            (*region).mark((address - region as usize) / PAGE, pages, false);
            (*region).free += pages;
            if (*region).free == PAGES - 1 && (self.first != region || !(*region).next.is_null()) {
                self.close(region);
                mapping::unmap(region as usize, REGION_BYTES);
                discount_metadata(REGION_BYTES);
            } else if (*region).free >= OPEN_FROM && !(*region).is_open {
                self.open(region);
            }
        }
    }

    unsafe fn cut(&mut self, region: *mut Region, page: usize, pages: usize) -> usize {
        // SAFETY: the caller's region is open and the pages are free.
        unsafe {
            (*region).mark(page, pages, true);
            (*region).free -= pages;
            if (*region).free < CLOSED_BELOW {
                self.close(region);
            }
        }
        region as usize + page * PAGE
    }

    fn map(&mut self) -> *mut Region {
        let Some(address) = mapping::map_own_aligned(REGION_BYTES, REGION_BYTES) else {
            return ptr::null_mut();
        };
        count_metadata(REGION_BYTES);
        let region = address as *mut Region;
        // SAFETY: fresh zeroed memory, of which all zero is a closed region without used pages.
        unsafe {
            (*region).used[0] = 1;
            (*region).free = PAGES - 1;
            (*region).epoch = self.epoch;
            self.open(region);
        }
        region
    }

    unsafe fn open(&mut self, region: *mut Region) {
        // SAFETY: the caller's region is mapped and in no list.
        unsafe {
            (*region).is_open = true;
            (*region).previous = ptr::null_mut();
            (*region).next = self.first;
            if let Some(next) = self.first.as_mut() {
                next.previous = region;
            }
        }
        self.first = region;
    }

    unsafe fn close(&mut self, region: *mut Region) {
        // SAFETY: the caller's region is mapped; its neighbours in the list are too.
        unsafe {
            if !core::mem::take(&mut (*region).is_open) {
                return;
            }
            match (*region).previous.as_mut() {
                Some(previous) => previous.next = (*region).next,
                None => self.first = (*region).next,
            }
            if let Some(next) = (*region).next.as_mut() {
                next.previous = (*region).previous;
            }
        }
    }
}

impl Region {
    /// The first of the first `pages` free pages in a row.
    fn find(&self, pages: usize) -> Option<usize> {
        if self.free < pages {
            return None;
        }
        let mut length = 0;
        for page in 1..PAGES {
            if self.used[page / 64] & (1 << (page % 64)) != 0 {
                length = 0;
            } else {
                length += 1;
                if length == pages {
                    return Some(page + 1 - pages);
                }
            }
        }
        None
    }

    fn mark(&mut self, page: usize, pages: usize, used: bool) {
        for page in page..page + pages {
            let bit = 1 << (page % 64);
            debug_assert_eq!(self.used[page / 64] & bit != 0, !used);
            self.used[page / 64] ^= bit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_do_not_overlap_and_empty_regions_go() {
        let mut runs = Runs::new(0);
        let mut taken: Vec<(usize, usize)> = Vec::new();
        let mut random = 1usize;
        for _ in 0..20_000 {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let pages = 1 + (random >> 40) % 32;
            if random >> 63 == 0 || taken.is_empty() {
                let address = runs.take(pages);
                assert!(address != 0 && address.is_multiple_of(PAGE));
                // SAFETY: just taken; the first word of each page is written.
                (0..pages).for_each(|page| unsafe {
                    *((address + page * PAGE) as *mut usize) = address;
                });
                taken.push((address, pages));
            } else {
                let (address, pages) = taken.swap_remove((random >> 33) % taken.len());
                for page in 0..pages {
                    // SAFETY: still taken.
                    assert_eq!(unsafe { *((address + page * PAGE) as *const usize) }, address);
                }
                // SAFETY: taken with that number of pages, and no longer used.
                unsafe { runs.give(address, pages) };
            }
        }
        for (address, pages) in taken.drain(..) {
            // SAFETY: as above.
            unsafe { runs.give(address, pages) };
        }
        // SAFETY: the one region that is kept.
        unsafe {
            assert_eq!((*runs.first).free, PAGES - 1);
            assert!((*runs.first).next.is_null());
        }
    }

    #[test]
    fn a_region_of_a_torn_list_is_left_alone() {
        let mut torn = Runs::new(0);
        let address = torn.take(3);
        let mut fresh = Runs::new(1);
        // SAFETY: taken with that number of pages, and no longer used.
        unsafe { fresh.give(address, 3) };
        assert!(fresh.first.is_null());
    }
}
