//! The short way through `harden`: what nearly every request needs, and nothing else.
//!
//! It makes the same checks as the general way ([`allocate`](super::allocate()),
//! [`release`](super::release)), in the same order, for blocks of up to about 2 KiB at the usual
//! alignment. Whenever anything is unusual (a check fails, a stack is empty, a ring is not there yet)
//! it leaves everything as it found it, and the general way judges: nothing is reported here.
//!
//! All it reads lies behind one pointer in the thread's block, the guardian's. It is null, and the
//! way closed, in other profiles, before a thread has a guardian, and after its end.
//! Cost: no lock, no frame on the stack, and while the process has one thread no locked instruction.

mod allocate;
mod class;
mod free;
pub mod recorded;

pub use allocate::{allocate, allocate_zeroed};
pub use free::free;

use super::guardian::{self, Guardian};
use super::release::Release;
use super::settings::settings;
use crate::chunk::secret::Secret;
use crate::chunk::tail::Pattern;
use crate::chunk::{HEADER_BYTES, Header};
use core::sync::atomic::Ordering::Relaxed;
use heapwarden_core::{Stacks, tls};

/// The calling thread's guardian if the short way is open.
#[inline(always)]
fn guardian<'a>() -> Option<&'a mut Guardian> {
    // SAFETY: `open` set the word to this thread's guardian, and guardians are never freed.
    unsafe { (tls::quick() as *mut Guardian).as_mut() }
}

/// Opens the short way to the calling thread, whose guardian this is, if the profile has one.
pub fn open(guardian: &mut Guardian) {
    if !settings().is_quick() {
        return;
    }
    if let Some(stacks) = Stacks::of_this_thread() {
        guardian.stacks = stacks;
        if settings().evidence {
            guardian.waits = settings().quarantine;
            guardian.records.store(true, Relaxed);
        } else {
            tls::set_quick(&raw mut *guardian as usize);
        }
    }
}

/// The thread ends, and goes the general way from now on.
pub fn close() {
    tls::set_quick(0);
    if let Some(guardian) = guardian::existing() {
        guardian.records.store(false, Relaxed);
    }
}

/// Whether `found`, read from the slot that ends at `end`, is the header of a live block with an intact
/// tail, of which `release` says nothing that is not so.
///
/// # Safety
/// The memory from `slot` to `end` is readable.
#[inline(always)]
unsafe fn agrees(
    secret: &Secret,
    slot: usize,
    end: usize,
    found: Header,
    release: &Release,
) -> bool {
    let (payload, slack) = (slot + HEADER_BYTES, found.slack());
    found.is_valid_by(secret, slot)
        && found.is_plain(release.family)
        && release.size.is_none_or(|size| size == end - payload - slack)
        && release.alignment.is_none_or(|alignment| payload & (alignment - 1) == 0)
        // SAFETY: a valid header says that the tail lies in the slot; the rest is the caller's promise.
        && unsafe { Pattern::by(secret, payload).starts(end, slack) }
}
