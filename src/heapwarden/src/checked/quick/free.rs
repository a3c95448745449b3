//! Taking a block back the short way.

use crate::checked::guardian::Guardian;
use crate::checked::release::Release;
use crate::checked::settings::settings;
use crate::checked::verify;
use crate::chunk::header::State;
use crate::chunk::tail::Pattern;
use crate::chunk::{HEADER_BYTES, Header, fill};
use heapwarden_core::size_class::CLASSES;

/// Frees `block`, which may be anything, or leaves it to `general`.
///
/// # Safety
/// If `block` is a live block, nobody uses it any more.
#[inline(always)]
pub unsafe fn free(block: *mut u8, release: &Release, general: impl FnOnce()) {
    let Some(guardian) = super::guardian() else { return general() };
    let payload = block as usize;
    let slot = payload.wrapping_sub(HEADER_BYTES);
    let class = heapwarden_core::class_at(slot) as usize;
    if class.wrapping_sub(1) >= CLASSES - 1 || payload & 15 != 0 {
        return general();
    }
    // SAFETY: the page belongs to a slab of this class, so its memory is mapped; the address is 8 mod
    // 16. A valid header of a live block says that the slot starts here, and the exchange makes it
    // ours.
    unsafe {
        let ring = guardian.rings.get_unchecked_mut(class);
        let found = Header::read(slot);
        let (end, slack) = (slot + ring.slot_bytes(), found.slack());
        if !found.is_valid_by(&guardian.secret, slot)
            || !found.is_plain(release.family)
            || release.size.is_some_and(|size| size != end - payload - slack)
            || release.alignment.is_some_and(|alignment| payload & (alignment - 1) != 0)
            || !Pattern::by(&guardian.secret, payload).starts(end, slack)
            || !ring.is_open()
        {
            return general();
        }
        let next = found.with(State::Quarantined).sealed_by(&guardian.secret, slot);
        if !found.exchange_by(guardian.alone, next.changing(), slot) {
            return general();
        }
        fill::zero(payload, end);
        next.put(slot);
        let random = guardian.random();
        let leaving = guardian.rings.get_unchecked_mut(class).pass(slot, random);
        let (left, is_due) = guardian.until_check.overflowing_sub(1);
        guardian.until_check = left;
        if is_due {
            return look_around(guardian, class, slot, leaving);
        }
        // The fill of what leaves is verified before it is used again.
        if leaving != 0 && !guardian.stacks.put(class, leaving as *mut u8) {
            heapwarden_core::free_class(class, leaving as *mut u8);
        }
    }
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
