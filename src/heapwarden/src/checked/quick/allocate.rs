//! Handing out a block the short way.

use crate::chunk::header::State;
use crate::chunk::tail::Pattern;
use crate::chunk::{Family, HEADER_BYTES, Header, fill};
use core::ptr::null_mut;
use core::sync::atomic::{Ordering::Release, compiler_fence};
use heapwarden_core::size_class::{TABLE_MAX, class_of_table};

/// The largest request that is served here: with its header and one byte of tail it is looked up in
/// the table of classes.
const SIZE_MAX: usize = TABLE_MAX - HEADER_BYTES - 1;

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
    if size > SIZE_MAX {
        return null_mut();
    }
    let class = class_of_table(size + HEADER_BYTES + 1);
    // SAFETY: the table holds classes, and the way is open only while the stacks are this thread's.
    // A slot from them is ours, and of this class.
    unsafe {
        let block = guardian.stacks.take(class);
        if block.is_null() {
            return null_mut();
        }
        let slot = block as usize;
        let end = slot + guardian.rings.get_unchecked(class).slot_bytes();
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
        Pattern::by(&guardian.secret, payload).lay(end, slack);
        Header::live(family, slack).sealed_by(&guardian.secret, slot).put(slot);
        payload as *mut u8
    }
}
