//! Rust's blocks on the checked heap. What Rust gives back or resizes comes with its `Layout`, which
//! must be the one that the block was made with: the size is the block's own, the alignment is kept
//! in its record, in the profiles with records.
//! Cost: with records, a look at the record for each block that is given back or resized.

use super::{ALIGNMENT_MIN, faults, own};
use crate::checked::{self, Release, quick};
use crate::chunk::Family;
#[cfg(feature = "testing")]
use crate::testing::notice;
use crate::unwind::Registers;
use crate::{detect, door, inside};
use core::alloc::Layout;
use core::ptr::null_mut;

/// A block of that layout; null without memory.
///
/// # Safety
/// `frame` is one of this thread that does not end before this returns.
pub unsafe fn allocate(layout: Layout, zeroed: bool, frame: &Registers) -> *mut u8 {
    if inside::is_inside() {
        return own::allocate(layout, zeroed);
    }
    faults::settle();
    let alignment = layout.align().max(ALIGNMENT_MIN);
    // SAFETY: the caller's promise.
    unsafe {
        door::stating(frame, layout.align(), || {
            let block = quickly(layout, zeroed);
            if !block.is_null() {
                return block;
            }
            let block = checked::allocate(layout.size(), alignment, Family::Rust, zeroed);
            #[cfg(feature = "testing")]
            notice::allocated(block, layout.size());
            block
        })
    }
}

/// The same by the short way, if that is open; null if it is not, or leads nowhere. No profile that has it
/// counts anything for tests.
#[inline(always)]
fn quickly(layout: Layout, zeroed: bool) -> *mut u8 {
    if layout.align() > ALIGNMENT_MIN {
        null_mut()
    } else if zeroed {
        quick::allocate_zeroed(layout.size(), Family::Rust)
    } else {
        quick::allocate(layout.size(), Family::Rust)
    }
}

/// Takes a block back, after a report if it is no live one of that layout.
///
/// # Safety
/// As for `GlobalAlloc::dealloc`, if it is a live block; and as for [`allocate`].
pub unsafe fn free(block: *mut u8, layout: Layout, frame: &Registers) {
    // SAFETY: the caller's promises.
    unsafe {
        if own::is_one(block) {
            return own::free(block, layout);
        }
        door::stating(frame, layout.align(), || {
            #[cfg(feature = "testing")]
            notice::leaves(block);
            let release = release(layout, "dealloc");
            if !quick::free(block, &release) {
                checked::free(block, &release);
            }
        });
    }
}

/// Resizes a block; null without memory, and after a report of what is no live block.
///
/// # Safety
/// As for `GlobalAlloc::realloc`, if it is a live block; and as for [`allocate`].
pub unsafe fn reallocate(
    block: *mut u8,
    layout: Layout,
    size: usize,
    frame: &Registers,
) -> *mut u8 {
    // SAFETY: the caller's promises.
    unsafe {
        if own::is_one(block) {
            return own::reallocate(block, layout, size);
        }
        door::stating(frame, layout.align(), || resize(block, layout, size))
    }
}

unsafe fn resize(block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    let release = release(layout, "realloc");
    if checked::live(block as usize).is_none() && detect::is_foreign(block as usize) {
        detect::foreign(block as usize, &release);
        return null_mut();
    }
    #[cfg(feature = "testing")]
    let before = notice::leaves(block);
    // SAFETY: the promise of the caller of `reallocate`.
    let resized = unsafe { checked::reallocate(block, size, &release) };
    #[cfg(feature = "testing")]
    notice::resized(before, resized, size);
    resized
}

/// How Rust gives a block back: with its layout.
fn release(layout: Layout, what: &'static str) -> Release {
    Release {
        family: Family::Rust,
        what,
        size: Some(layout.size()),
        alignment: Some(layout.align()),
    }
}
