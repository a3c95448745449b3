//! Taking a recorded block back the short way.

use super::super::agrees;
use super::FREED;
use crate::callsite::{self, counters};
use crate::checked::guardian::Guardian;
use crate::checked::release::Release;
use crate::checked::settings::{Settings, settings};
use crate::checked::{accounting, outgoing, verify};
use crate::chunk::tail::Pattern;
use crate::chunk::{HEADER_BYTES, Header, fill};
use crate::evidence::{self, Record};
use crate::unwind::{Purpose, Registers};
use core::sync::atomic::Ordering::Relaxed;
use heapwarden_core::Spot;
use heapwarden_core::size_class::CLASSES;

/// Frees `block`, which may be anything, for the caller with this frame; false, with nothing changed, when
/// the general way is to be asked. With `WAITS` it is filled, and waits.
///
/// # Safety
/// If `block` is a live block, nobody uses it any more; `caller` is a frame of this thread that does not end
/// before this returns.
#[inline(always)]
pub unsafe fn put<const WAITS: bool>(
    guardian: &mut Guardian,
    block: *mut u8,
    release: &Release,
    caller: &Registers,
) -> bool {
    let payload = block as usize;
    let slot = payload.wrapping_sub(HEADER_BYTES);
    let Some(spot) = Spot::of(slot) else { return false };
    let class = spot.class() as usize;
    if class.wrapping_sub(1) >= CLASSES - 1 || payload & 15 != 0 {
        return false;
    }
    if WAITS && !guardian.rings[class].is_open() {
        return false;
    }
    let random = if WAITS { fetch_early(guardian, class) } else { 0 };
    // SAFETY: the page belongs to a slab, so its memory is mapped; the address is 8 mod 16. A valid
    // header of a live block says that the slot starts here.
    unsafe {
        let found = Header::read(slot);
        let (end, slack) = (slot + guardian.rings[class].slot_bytes(), found.slack());
        if !agrees(&guardian.secret, slot, end, found, release) {
            return false;
        }
        if WAITS && !Pattern::by(&guardian.secret, payload).goes_on(end, slack) {
            return false;
        }
        let Some(record) = evidence::of_spot(spot, class) else { return false };
        if release.alignment.is_some_and(|alignment| !record.allows(alignment)) {
            return false;
        }
        let next = if WAITS {
            record.fetch();
            found.quarantined_by(&guardian.secret, slot)
        } else {
            Header::free().sealed_by(&guardian.secret, slot)
        };
        if !found.exchange_by(guardian.alone, next.changing(), slot) {
            return false;
        }
        if WAITS {
            fill::lay(payload, end, FREED);
            next.put(slot);
        }
        if !WAITS || settings().accounting {
            let (site, size) = (record.allocated_at.load(Relaxed), end - payload - slack);
            let age = accounting::age(guardian, record);
            counters::freed(guardian.alone, guardian.tallies(), site, size, age);
        }
        if WAITS {
            wait(guardian, slot, class, record, caller, random);
        } else {
            record.note_gone(guardian.number);
            next.put(slot);
            if !guardian.stacks.put(class, slot as *mut u8) {
                heapwarden_core::free_class(class, slot as *mut u8);
            }
        }
    }
    true
}

/// Has memory brought near that the end of a free needs: what comes after the fill, whose end is guessed wrong
/// for every other size, and after the exchange, could not be asked for meanwhile. Returns the random number that
/// decides where in the ring the block waits.
#[inline(always)]
fn fetch_early(guardian: &mut Guardian, class: usize) -> u32 {
    outgoing::fetch_next(guardian);
    let random = guardian.random();
    guardian.rings[class].fetch(random);
    random
}

/// A block that was filled and counted is recorded, and waits.
///
/// # Safety
/// The slot, of `class`, whose ring is open, was just quarantined by this thread; and as for [`put`].
#[inline(always)]
unsafe fn wait(
    guardian: &mut Guardian,
    slot: usize,
    class: usize,
    record: &Record,
    caller: &Registers,
    random: u32,
) {
    let settings = settings();
    // SAFETY: the caller's promises; what leaves a ring is the ring owner's, and of its class.
    unsafe {
        let site = callsite::here_from(caller, Purpose::Free, settings.stack_depth);
        record.note_free(site.to_bits(), guardian.number);
        let leaving = guardian.rings[class].pass(slot, random);
        if leaving != 0 {
            outgoing::move_on(settings, guardian, leaving, class);
        }
        let (left, is_due) = guardian.until_check.overflowing_sub(1);
        guardian.until_check = left;
        if is_due {
            look_around(settings, guardian, slot, random);
        }
    }
}

/// It is time to verify a random chunk near `slot`.
#[cold]
#[inline(never)]
fn look_around(settings: &Settings, guardian: &mut Guardian, slot: usize, random: u32) {
    guardian.until_check = settings.check_every.wrapping_sub(1);
    if settings.check_every != 0 {
        verify::check_random_neighbour(slot, random as usize);
    }
}
