//! Requests to the checked heap while every one of them is watched: `stats=1`, `journey=N`, a fuzzer.

use super::release::{self, Release};
use super::{resize, size};
use crate::chunk::{ALIGNMENT, Family};
use crate::fuzz::hooks;
use heapwarden_core::journey::{self, Step};
use heapwarden_core::statistics;

/// [`super::allocate()`], recorded, counted, and told to the fuzzer.
#[cold]
pub fn allocate(size: usize, alignment: usize, family: Family, zeroed: bool) -> *mut u8 {
    let request = if alignment > ALIGNMENT { "memalign" } else { "malloc" };
    let block = journey::record(request, size, || {
        let block = super::allocate::chosen(size, alignment, family, zeroed);
        statistics::note_request(size, block);
        block
    });
    hooks::allocated(block, size);
    block
}

/// [`resize::reallocate`], recorded, and told to the fuzzer: what moves is allocated and freed.
///
/// # Safety
/// As for `realloc`.
#[cold]
pub unsafe fn reallocate(block: *mut u8, size: usize, release: &Release) -> *mut u8 {
    // SAFETY: the caller's promise.
    let moved =
        journey::record("realloc", size, || unsafe { resize::unwatched(block, size, release) });
    if moved == block {
        hooks::resized(block, size);
    }
    moved
}

/// [`release::free`], recorded, and told to the fuzzer.
///
/// # Safety
/// As for [`release::free`].
#[cold]
pub unsafe fn free(block: *mut u8, release: &Release) {
    hooks::freeing(block);
    journey::record_free(block as usize, || {
        // What is no live block is reported below, and does not wait.
        if size::is_live(block) {
            journey::note(Step::Quarantined);
        }
        // SAFETY: the caller's promise.
        unsafe { release::unwatched(block, release) }
    });
}
