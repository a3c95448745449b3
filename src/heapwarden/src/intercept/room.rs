//! Functions that write as much as happens to arrive, or read as much as happens to be taken, up to
//! a bound that may well be larger than the block: only what was really touched counts.

use super::block::{self, Block, Fault, is_plainly_right};
use super::{applies, tell};
use crate::report::AccessKind;
use heapwarden_core::is_ours;

/// The place there is for a call's output, or for what it reads, looked up before the call:
/// afterwards the block may already be somebody else's.
#[derive(Clone, Copy)]
pub struct Room {
    what: &'static str,
    kind: AccessKind,
    address: usize,
    bound: usize,
    block: Block,
}

/// The room at `address` for `what`, which may write up to `bound` bytes there. `None` when there
/// is nothing to check afterwards: the address is not in the heap, or the bound fits. A block that
/// must not be touched at all is reported here.
#[inline(always)]
pub fn room(what: &'static str, address: usize, bound: usize) -> Option<Room> {
    if is_ours(address) { look(what, AccessKind::Write, address, bound) } else { None }
}

/// As [`room`], for a call that may read up to `bound` bytes there.
#[inline(always)]
pub fn supply(what: &'static str, address: usize, bound: usize) -> Option<Room> {
    if is_ours(address) { look(what, AccessKind::Read, address, bound) } else { None }
}

#[inline(never)]
fn look(what: &'static str, kind: AccessKind, address: usize, bound: usize) -> Option<Room> {
    if bound == 0 || !applies() || is_plainly_right(address, bound) {
        return None;
    }
    let block = block::at(address)?;
    match block.fault(address, bound)? {
        Fault::Overflow(_) => Some(Room { what, kind, address, bound, block }),
        Fault::Underflow(_) | Fault::Freed(_) => {
            tell::report(what, kind, &block, address, bound);
            None
        }
    }
}

impl Room {
    /// How many bytes there are.
    pub fn bytes(&self) -> usize {
        self.block.end.saturating_sub(self.address)
    }

    /// The call touches, or has touched, so many.
    #[inline]
    pub fn takes(&self, size: usize) {
        if size != 0 && self.block.fault(self.address, size).is_some() {
            tell::report(self.what, self.kind, &self.block, self.address, size);
        }
    }

    /// The system call has returned so many, or -1. With EFAULT the kernel met a guard page behind
    /// the block: it would have gone on.
    #[inline]
    pub fn returned(&self, count: isize) {
        match usize::try_from(count) {
            Ok(count) => self.takes(count),
            // SAFETY: the location of this thread's errno is always valid.
            Err(_) if unsafe { *libc::__errno_location() } == libc::EFAULT => {
                self.takes(self.bound);
            }
            Err(_) => {}
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
