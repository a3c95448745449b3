//! Handing out a recorded block the short way.

use super::super::class::{SIZE_MAX, class_for};
use crate::callsite::{self, counters};
use crate::checked::settings::settings;
use crate::chunk::tail::{Pattern, WINDOW};
use crate::chunk::{Family, HEADER_BYTES, Header, State, fill};
use crate::evidence;
use crate::unwind::{Purpose, Registers};
use core::ptr::null_mut;
use core::sync::atomic::{Ordering::Release, compiler_fence};

/// A block of `size` bytes for the caller with this frame; null when the general way is to be asked.
///
/// # Safety
/// `caller` is a frame of this thread that does not end before this returns.
#[inline(always)]
pub unsafe fn allocate(size: usize, family: Family, zeroed: bool, caller: &Registers) -> *mut u8 {
    let Some(guardian) = super::guardian() else { return null_mut() };
    if size > SIZE_MAX {
        return null_mut();
    }
    let class = class_for(size);
    // SAFETY: the table holds classes; the way is open only while the stacks are this thread's.
    // A slot from them is ours, and of this class.
    unsafe {
        let block = guardian.stacks.take(class);
        if block.is_null() {
            return null_mut();
        }
        let slot = block as usize;
        let found = Header::read(slot);
        let intact = found.is_valid_by(&guardian.secret, slot)
            && (found.is_freed() || found.state() == State::Never);
        let record = if intact { evidence::of_slot(slot, class) } else { None };
        let Some(record) = record else {
            guardian.stacks.untake(class, block);
            return null_mut();
        };
        Header(0).changing().put(slot);
        // Nothing is written to the chunk before the mark.
        compiler_fence(Release);
        let end = slot + guardian.rings[class].slot_bytes();
        let (payload, slack) = (slot + HEADER_BYTES, end - slot - HEADER_BYTES - size);
        if zeroed {
            fill::write(payload, end - slack, 0);
        }
        let pattern = Pattern::by(&guardian.secret, payload);
        if slack > WINDOW {
            pattern.write(end - slack, end);
        } else {
            pattern.lay_behind(end, slack);
        }
        Header::live(family, slack).sealed_by(&guardian.secret, slot).put(slot);
        guardian.allocations = guardian.allocations.wrapping_add(1);
        let (number, sequence) = (guardian.number, guardian.allocations);
        let (alone, tallies) = (guardian.alone, guardian.tallies());
        let site = callsite::here_from(caller, Purpose::Allocation, settings().stack_depth);
        counters::allocated(alone, tallies, site.to_bits(), size);
        record.note_fresh(size, family, site.to_bits(), number, sequence);
        payload as *mut u8
    }
}
