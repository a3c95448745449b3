//! Functions that write as much as happens to arrive, up to a bound that may well be larger than
//! the block: only what was really written counts.

use super::block::{self, Block, Fault, is_plainly_right};
use super::{applies, tell};
use crate::report::AccessKind;
use heapwarden_core::is_ours;

/// The place there is for a call's output, looked up before the call: afterwards the block may
/// already be somebody else's.
#[derive(Clone, Copy)]
pub struct Room {
    what: &'static str,
    address: usize,
    block: Block,
}

/// The room at `address` for `what`, which may write up to `bound` bytes there. `None` when there
/// is nothing to check afterwards: the address is not in the heap, or the bound fits. A block that
/// must not be touched at all is reported here.
#[inline(always)]
pub fn room(what: &'static str, address: usize, bound: usize) -> Option<Room> {
    if is_ours(address) { look(what, address, bound) } else { None }
}

#[inline(never)]
fn look(what: &'static str, address: usize, bound: usize) -> Option<Room> {
    if bound == 0 || !applies() || is_plainly_right(address, bound) {
        return None;
    }
    let block = block::at(address)?;
    match block.fault(address, bound)? {
        Fault::Overflow(_) => Some(Room { what, address, block }),
        Fault::Underflow(_) | Fault::Freed(_) => {
            tell::report(what, AccessKind::Write, &block, address, bound);
            None
        }
    }
}

impl Room {
    /// How many bytes there are.
    pub fn bytes(&self) -> usize {
        self.block.end.saturating_sub(self.address)
    }

    /// The call writes, or has written, so many.
    #[inline]
    pub fn takes(&self, size: usize) {
        if size != 0 && self.block.fault(self.address, size).is_some() {
            tell::report(self.what, AccessKind::Write, &self.block, self.address, size);
        }
    }
}

/// Bytes of a string that a call has just written, with its end, if it is at most `bound` long.
///
/// # Safety
/// The call wrote a terminated string of at most `bound` bytes to `address`.
pub unsafe fn terminated_length(address: usize, bound: usize) -> usize {
    // SAFETY: the caller's promise.
    unsafe { libc::strnlen(address as *const _, bound.saturating_sub(1)) + 1 }
}
