//! Handing out a block the short way.

use super::class::{SIZE_MAX, class_for};
use crate::checked::guardian::Guardian;
use crate::checked::settings::settings;
use crate::chunk::header::State;
use crate::chunk::tail::{Pattern, WINDOW};
use crate::chunk::{Family, HEADER_BYTES, Header, fill};
use core::hint::assert_unchecked;
use core::ptr::null_mut;
use core::sync::atomic::{Ordering::Release, compiler_fence};

/// A block of `size` bytes; null when the general way is to be asked.
#[inline(always)]
pub fn allocate(size: usize, family: Family) -> *mut u8 {
    take(size, family, false)
}

/// [`allocate`], zeroed.
#[inline(always)]
pub fn allocate_zeroed(size: usize, family: Family) -> *mut u8 {
    take(size, family, true)
}

#[inline(always)]
fn take(size: usize, family: Family, zeroed: bool) -> *mut u8 {
    let Some(guardian) = super::guardian() else { return null_mut() };
    if size > SIZE_MAX || is_turn(guardian) {
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
        let end = slot + guardian.rings[class].slot_bytes();
        let (payload, slack) = (slot + HEADER_BYTES, end - slot - HEADER_BYTES - size);
        let found = Header::read(slot);
        let intact = found.is_valid_by(&guardian.secret, slot)
            && if found.is_freed() {
                fill::is_zero(payload, end)
            } else {
                found.state() == State::Never
            };
        if !intact {
            guardian.stacks.untake(class, block);
            return null_mut();
        }
        Header(0).changing().put(slot);
        // Nothing is written to the chunk before the mark.
        compiler_fence(Release);
        if zeroed && !found.is_freed() {
            fill::write(payload, end, 0);
        }
        let pattern = Pattern::by(&guardian.secret, payload);
        if slack > WINDOW {
            pattern.write(end - slack, end);
        } else {
            pattern.lay_short(end, slack);
        }
        Header::live(family, slack).sealed_by(&guardian.secret, slot).put(slot);
        guardian.countdown.pass();
        // The callers' test for null need not be made twice.
        assert_unchecked(payload != 0);
        payload as *mut u8
    }
}

/// Whether the next block is one that is guarded.
#[inline(always)]
fn is_turn(guardian: &mut Guardian) -> bool {
    #[cold]
    fn ended(guardian: &mut Guardian) -> bool {
        if !settings().guards {
            guardian.countdown.begin_anew();
        }
        // Either way the general way serves this one.
        true
    }
    guardian.countdown.is_at_end() && ended(guardian)
}
