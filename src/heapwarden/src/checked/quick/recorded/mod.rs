//! The short way through `leak` and `debug`: for each block a record with its call site; in `debug` fill,
//! quarantine and the call site of the free as well.
//!
//! As in `harden`'s, the checks are those of the general way, nothing is reported here, and whatever is
//! unusual is left as it was found for the general way to judge. The caller's frame is handed in, so
//! that no stack of ours has to be climbed.
//! Cost: in `leak` some 300 instructions for malloc from the same place again, of which the record and the
//! counters are 90, and some 200 for free; in `debug` 320 for each, and 100 for what leaves the quarantine.

mod allocate;
mod free;

pub use allocate::take;
pub use free::put;

use crate::checked::guardian::{self, Guardian};
use crate::checked::release::Release;
use crate::checked::settings::{FREE_FILL, NEW_FILL};
use crate::chunk::Family;
use crate::chunk::fill::Fill;
use crate::inside;
use crate::unwind::Registers;
use core::ptr::null_mut;
use core::sync::atomic::Ordering::Relaxed;

/// What freed payloads are filled with, if they wait.
const FREED: Fill = Fill::of(FREE_FILL);
/// What fresh payloads are filled with where freed ones wait.
const FRESH: Fill = Fill::of(NEW_FILL);

/// The calling thread's guardian if the way is open, and this is no work of our own.
#[inline(always)]
pub fn guardian<'a>() -> Option<&'a mut Guardian> {
    guardian::existing().filter(|guardian| guardian.records.load(Relaxed) && !inside::is_inside())
}

/// A block of `size` bytes for the caller with this frame; null when the general way is to be asked.
///
/// # Safety
/// `caller` is a frame of this thread that does not end before this returns.
pub unsafe fn allocate(size: usize, family: Family, zeroed: bool, caller: &Registers) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        match guardian() {
            Some(guardian) if guardian.waits => {
                take::<true>(guardian, size, family, zeroed, caller)
            }
            Some(guardian) => take::<false>(guardian, size, family, zeroed, caller),
            None => null_mut(),
        }
    }
}

/// Frees `block`, which may be anything, for the caller with this frame; false, with nothing changed, when
/// the general way is to be asked.
///
/// # Safety
/// If `block` is a live block, nobody uses it any more; `caller` is a frame of this thread that does not end
/// before this returns.
pub unsafe fn free(block: *mut u8, release: &Release, caller: &Registers) -> bool {
    // SAFETY: the caller's promises.
    unsafe {
        match guardian() {
            Some(guardian) if guardian.waits => put::<true>(guardian, block, release, caller),
            Some(guardian) => put::<false>(guardian, block, release, caller),
            None => false,
        }
    }
}
