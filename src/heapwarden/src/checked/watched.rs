//! Requests to the checked heap while every one of them is watched (`stats=1`, `journey=N`).

use super::release::{self, Release};
use super::resize;
use crate::chunk::{ALIGNMENT, Family};
use heapwarden_core::journey::{self, Step};
use heapwarden_core::statistics;

/// [`super::allocate()`], recorded and counted.
#[cold]
pub fn allocate(size: usize, alignment: usize, family: Family, zeroed: bool) -> *mut u8 {
    let request = if alignment > ALIGNMENT { "memalign" } else { "malloc" };
    journey::record(request, size, || {
        let block = super::allocate::unwatched(size, alignment, family, zeroed);
        statistics::note_request(size, block);
        block
    })
}

/// [`resize::reallocate`], recorded.
///
/// # Safety
/// As for `realloc`.
#[cold]
pub unsafe fn reallocate(block: *mut u8, size: usize, release: &Release) -> *mut u8 {
    // SAFETY: the caller's promise.
    journey::record("realloc", size, || unsafe { resize::unwatched(block, size, release) })
}

/// [`release::free`], recorded.
///
/// # Safety
/// As for [`release::free`].
#[cold]
pub unsafe fn free(block: *mut u8, release: &Release) {
    journey::record_free(block as usize, || {
        // What is no live block is reported below, and does not wait.
        if resize::is_live(block) {
            journey::note(Step::Quarantined);
        }
        // SAFETY: the caller's promise.
        unsafe { release::unwatched(block, release) }
    });
}
