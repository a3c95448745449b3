//! From an access that is wrong to a report. Cold.

use super::block::{Block, Fault};
use crate::checked::is_guarded;
use crate::detect::{block_at, deliver, facts, note_told};
use crate::report::{Access, AccessKind, Facts, Kind};

/// Reports what is wrong with an access of `size` bytes at `address` by `what`; errno stays as it is.
#[cold]
#[inline(never)]
pub fn report(what: &'static str, kind: AccessKind, block: &Block, address: usize, size: usize) {
    let (error, first) = match block.fault(address, size) {
        Some(Fault::Overflow(first)) => (Kind::HeapBufferOverflow, first),
        Some(Fault::Underflow(first)) => (Kind::HeapBufferUnderflow, first),
        Some(Fault::Freed(first)) => (Kind::HeapUseAfterFree, first),
        None => return,
    };
    // SAFETY: the location of this thread's errno is always valid.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    let block = block_at(block.start);
    let access = Access { kind, size: Some(size) };
    deliver(Facts { access, block, ..facts(error, first, what) });
    // What a guarded block's pages refuse faults, when the call is made all the same.
    if let Some(block) = block
        && (kind == AccessKind::Write || is_guarded(block.address))
    {
        note_told(&block, address, size);
    }
    // SAFETY: as above.
    unsafe { *errno = before };
}
