//! Handing out a recorded block the short way.

use super::super::class::{SIZE_MAX, class_for};
use super::{FREED, FRESH};
use crate::callsite::{self, counters};
use crate::checked::guardian::Guardian;
use crate::checked::settings::{TAIL_MIN, settings};
use crate::chunk::fill::{self, Fill};
use crate::chunk::tail::{Pattern, WINDOW};
use crate::chunk::{Family, HEADER_BYTES, Header, State};
use crate::evidence;
use crate::unwind::{Purpose, Registers};
use core::ptr::null_mut;
use core::sync::atomic::{Ordering::Release, compiler_fence};

/// A block of `size` bytes for the caller with this frame; null when the general way is to be asked.
/// With `WAITS` freed blocks wait, and hold their fill.
///
/// # Safety
/// `caller` is a frame of this thread that does not end before this returns.
#[inline(always)]
pub unsafe fn take<const WAITS: bool>(
    guardian: &mut Guardian,
    size: usize,
    family: Family,
    zeroed: bool,
    caller: &Registers,
) -> *mut u8 {
    let settings = settings();
    // The table of classes allows for one byte of tail.
    let with_tail = if WAITS { size.saturating_add(TAIL_MIN - 1) } else { size };
    if with_tail > SIZE_MAX {
        return null_mut();
    }
    let class = class_for(with_tail);
    // SAFETY: the table holds classes; the way is open only while the stacks are this thread's.
    // A slot from them is ours, and of this class.
    unsafe {
        let block = guardian.stacks.take(class);
        if block.is_null() {
            return null_mut();
        }
        let slot = block as usize;
        let end = slot + guardian.rings[class].slot_bytes();
        let is_intact = || {
            let found = Header::read(slot);
            found.is_valid_by(&guardian.secret, slot) && is_unused::<WAITS>(found, slot, end)
        };
        let record = if WAITS {
            // First of all: where the fill ends that is verified is guessed wrong for every other size, and what
            // comes behind waits for the guess.
            evidence::of_slot(slot, class).inspect(|record| record.fetch()).filter(|_| is_intact())
        } else if is_intact() {
            evidence::of_slot(slot, class)
        } else {
            None
        };
        let Some(record) = record else {
            guardian.stacks.untake(class, block);
            return null_mut();
        };
        Header(0).changing().put(slot);
        // Nothing is written to the chunk before the mark.
        compiler_fence(Release);
        let (payload, slack) = (slot + HEADER_BYTES, end - slot - HEADER_BYTES - size);
        let pattern = Pattern::by(&guardian.secret, payload);
        if WAITS {
            paint(pattern, payload, end, slack, zeroed);
        } else {
            if zeroed {
                fill::write(payload, end - slack, 0);
            }
            if slack > WINDOW {
                pattern.write(end - slack, end);
            } else {
                pattern.lay_behind(end, slack);
            }
        }
        Header::live(family, slack).sealed_by(&guardian.secret, slot).put(slot);
        guardian.allocations = guardian.allocations.wrapping_add(1);
        let (number, sequence) = (guardian.number, guardian.allocations);
        let (alone, tallies) = (guardian.alone, guardian.tallies());
        let site = callsite::here_from(caller, Purpose::Allocation, settings.stack_depth);
        if !WAITS || settings.accounting {
            counters::allocated(alone, tallies, site.to_bits(), size);
        }
        record.note_fresh(size, family, site.to_bits(), number, sequence);
        payload as *mut u8
    }
}

/// Whether a slot with this valid header was never used, or is free with its fill, if it has any, whole.
///
/// # Safety
/// The memory from `slot` to `end` is a slot.
#[inline(always)]
unsafe fn is_unused<const WAITS: bool>(found: Header, slot: usize, end: usize) -> bool {
    if found.is_freed() {
        // SAFETY: the caller's promise.
        !WAITS || unsafe { fill::lies(slot + HEADER_BYTES, end, FREED) }
    } else {
        found.state() == State::Never
    }
}

/// Gives the payload its first contents, and the block its tail.
///
/// # Safety
/// The slot is the caller's.
#[inline(always)]
unsafe fn paint(pattern: Pattern, payload: usize, end: usize, slack: usize, zeroed: bool) {
    let fill = if zeroed { Fill::ZERO } else { FRESH };
    // SAFETY: the caller's promise.
    unsafe {
        fill::lay(payload, end, fill);
        pattern.lay_over(end, slack, fill);
    }
}
