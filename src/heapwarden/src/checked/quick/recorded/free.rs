//! Taking a recorded block back the short way.

use super::super::agrees;
use crate::callsite::counters;
use crate::checked::accounting;
use crate::checked::release::Release;
use crate::chunk::{HEADER_BYTES, Header};
use crate::evidence;
use core::sync::atomic::Ordering::Relaxed;
use heapwarden_core::Spot;
use heapwarden_core::size_class::CLASSES;

/// Frees `block`, which may be anything; false, with nothing changed, when the general way is to be
/// asked.
///
/// # Safety
/// If `block` is a live block, nobody uses it any more.
#[inline(always)]
pub unsafe fn free(block: *mut u8, release: &Release) -> bool {
    let payload = block as usize;
    let slot = payload.wrapping_sub(HEADER_BYTES);
    let Some(guardian) = super::guardian() else { return false };
    let Some(spot) = Spot::of(slot) else { return false };
    let class = spot.class() as usize;
    if class.wrapping_sub(1) >= CLASSES - 1 || payload & 15 != 0 {
        return false;
    }
    // SAFETY: the page belongs to a slab, so its memory is mapped; the address is 8 mod 16. A valid
    // header of a live block says that the slot starts here.
    unsafe {
        let found = Header::read(slot);
        let (end, slack) = (slot + guardian.rings[class].slot_bytes(), found.slack());
        if !agrees(&guardian.secret, slot, end, found, release) {
            return false;
        }
        let Some(record) = evidence::of_spot(spot, class) else { return false };
        if release.alignment.is_some_and(|alignment| !record.allows(alignment)) {
            return false;
        }
        let next = Header::free().sealed_by(&guardian.secret, slot);
        if !found.exchange_by(guardian.alone, next.changing(), slot) {
            return false;
        }
        let (site, size) = (record.allocated_at.load(Relaxed), end - payload - slack);
        let age = accounting::age(guardian, record);
        counters::freed(guardian.alone, guardian.tallies(), site, size, age);
        record.note_gone(guardian.number);
        next.put(slot);
        if !guardian.stacks.put(class, slot as *mut u8) {
            heapwarden_core::free_class(class, slot as *mut u8);
        }
    }
    true
}
