//! Giving back the whole pages of free slots within slabs that are still in use.
//!
//! Only `malloc_trim` does this: it costs a look at every page of every slab with free slots and
//! a system call per stretch found. Layers that keep headers or fill in free slots (a slot offset
//! other than 0) are left alone: their slots must keep their bytes.

use crate::config::config;
use crate::os::{PAGE, mapping};
use crate::pages::run::Run;
use crate::slabs::size_class::TABLE;
use crate::slabs::slab;
use crate::slabs::small_bin::SmallBin;

/// Gives back the free pages within a bin's slabs. Returns their bytes.
///
/// # Safety
/// The lock of the bin's arena is held.
pub unsafe fn purge_bin(bin: &SmallBin) -> usize {
    let mut given = 0;
    let mut run = bin.slabs.first;
    while !run.is_null() {
        // SAFETY: listed slabs are live under the lock.
        unsafe {
            given += purge_slab(run);
            run = (*run).next;
        }
    }
    given
}

unsafe fn purge_slab(run: *mut Run) -> usize {
    if config().slot_offset != 0 {
        return 0;
    }
    // SAFETY: the caller's slab is live under the lock; pages without a slot in use hold nothing.
    unsafe {
        let start = Run::address(run);
        let (mut given, mut stretch) = (0, 0);
        for page in 0..=(*run).pages as usize {
            if page < (*run).pages as usize && page_is_free(run, page) {
                stretch += 1;
                continue;
            }
            let bytes = stretch * PAGE;
            if bytes > 0 && mapping::purge(start + page * PAGE - bytes, bytes) {
                given += bytes;
            }
            stretch = 0;
        }
        given
    }
}

/// Whether every slot that touches a page is free.
unsafe fn page_is_free(run: *const Run, page: usize) -> bool {
    // SAFETY: the caller's slab is live under the lock; the slots lie within it.
    unsafe {
        let bytes = TABLE[(*run).class as usize].slot_bytes as usize;
        let slots = (*run).slots as usize;
        let first = page * PAGE / bytes;
        let last = ((page + 1) * PAGE).div_ceil(bytes).min(slots);
        (first..last).all(|slot| slab::is_free(run, slot))
    }
}
