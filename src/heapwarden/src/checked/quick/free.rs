//! Taking a block back the short way.

use super::agrees;
use crate::checked::guardian::Guardian;
use crate::checked::release::Release;
use crate::checked::settings::settings;
use crate::checked::verify;
use crate::chunk::{HEADER_BYTES, Header, fill};
use core::sync::atomic::{Ordering::SeqCst, compiler_fence};

/// Frees `block`, which may be anything; false, with nothing changed, when another way is to be asked.
///
/// # Safety
/// If `block` is a live block, nobody uses it any more.
#[inline(always)]
pub unsafe fn free(block: *mut u8, release: &Release) -> bool {
    let payload = block as usize;
    let slot = payload.wrapping_sub(HEADER_BYTES);
    // SAFETY: the page of an open ring's class belongs to a slab, so its memory is mapped; the address
    // is 8 mod 16. A valid header of a live block says that the slot starts here.
    unsafe {
        let Some(guardian) = super::guardian() else { return false };
        let class = heapwarden_core::class_at(slot) as usize;
        // Only the rings of classes are ever open.
        if !guardian.rings[class].is_open() || payload & 15 != 0 {
            return false;
        }
        let found = Header::read(slot);
        let end = slot + guardian.rings[class].slot_bytes();
        if !agrees(&guardian.secret, slot, end, found, release) {
            return false;
        }
        // From here on little is kept in registers, so that none has to be saved.
        compiler_fence(SeqCst);
        retire(guardian, class, slot, found)
    }
}

/// A block that may be freed is filled, and waits. False when another thread was faster.
///
/// # Safety
/// `found` is the valid header of the live block in the slot of `class`.
#[inline(always)]
unsafe fn retire(guardian: &mut Guardian, class: usize, slot: usize, found: Header) -> bool {
    // SAFETY: the caller's promise; the exchange makes the block ours, and the ring is open.
    unsafe {
        let next = found.quarantined_by(&guardian.secret, slot);
        if !found.exchange_by(guardian.alone, next.changing(), slot) {
            return false;
        }
        fill::zero(slot + HEADER_BYTES, slot + guardian.rings[class].slot_bytes());
        next.put(slot);
        let random = guardian.random();
        let leaving = guardian.rings[class].pass(slot, random);
        let (left, is_due) = guardian.until_check.overflowing_sub(1);
        guardian.until_check = left;
        if is_due {
            look_around(guardian, class, slot, leaving);
        } else if leaving != 0 && !guardian.stacks.put(class, leaving as *mut u8) {
            // The fill of what leaves is verified before it is used again.
            heapwarden_core::free_class(class, leaving as *mut u8);
        }
    }
    true
}

/// It is time to verify a random chunk near `slot`; then `leaving` leaves.
#[cold]
#[inline(never)]
unsafe fn look_around(guardian: &mut Guardian, class: usize, slot: usize, leaving: usize) {
    let every = settings().check_every;
    guardian.until_check = if every == 0 { u32::MAX } else { every };
    let random = guardian.random();
    if leaving != 0 {
        // SAFETY: what leaves a ring is the ring owner's, and of its class.
        unsafe { heapwarden_core::free_class(class, leaving as *mut u8) };
    }
    if every != 0 {
        verify::check_random_neighbour(slot, random as usize);
    }
}
