//! The sizes of checked blocks, which the program asks for with `malloc_usable_size`. Some do so for each
//! block they allocate and free.

use super::resize::live;
use super::verify;
use crate::chunk::tail::Pattern;
use crate::chunk::{HEADER_BYTES, Header, State};
use crate::detect;
use heapwarden_core::Spot;
use heapwarden_core::size_class::{CLASSES, TABLE};

/// The requested size of a block; 0, after a report, for what is no live block.
pub fn size_of(block: *const u8) -> usize {
    size_if_usual(block as usize).unwrap_or_else(|| size_of_any(block as usize))
}

/// Whether a live block starts there.
pub fn is_live(block: *const u8) -> bool {
    live(block as usize).is_some()
}

/// The size of an intact block in a slot, at the usual place.
#[inline]
fn size_if_usual(payload: usize) -> Option<usize> {
    let slot = payload.wrapping_sub(HEADER_BYTES);
    let class = Spot::of(slot)?.class() as usize;
    if class.wrapping_sub(1) >= CLASSES - 1 || payload & 15 != 0 {
        return None;
    }
    // SAFETY: the page belongs to a slab, so its memory is mapped; the address is 8 mod 16. A valid
    // header of a live block says that the slot starts here.
    unsafe {
        let found = Header::read(slot);
        let is_plain = found.state() == State::Live && !found.is_leading() && !found.is_inner();
        if !found.is_valid(slot) || !is_plain {
            return None;
        }
        let end = slot + TABLE[class].slot_bytes as usize;
        let tail = end - found.slack();
        Pattern::of(payload).holds(tail, end).then(|| tail - payload)
    }
}

#[inline(never)]
fn size_of_any(payload: usize) -> usize {
    match live(payload) {
        Some((span, _)) => {
            // SAFETY: a live block's span.
            unsafe { verify::check_span(&span, "malloc_usable_size") };
            span.size
        }
        None => {
            detect::bad_pointer(payload, "malloc_usable_size");
            0
        }
    }
}
