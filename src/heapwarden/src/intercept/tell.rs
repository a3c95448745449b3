//! From an access that is wrong to a report. Cold.

use super::block::{Block, Fault};
use crate::detect::{block_at, deliver, facts};
use crate::report::{Access, AccessKind, Facts, Kind};

/// Reports an access of `size` bytes by `what`; errno stays as it is.
#[cold]
#[inline(never)]
pub fn report(what: &'static str, kind: AccessKind, block: &Block, fault: Fault, size: usize) {
    let (error, address) = match fault {
        Fault::Overflow(address) => (Kind::HeapBufferOverflow, address),
        Fault::Underflow(address) => (Kind::HeapBufferUnderflow, address),
        Fault::Freed(address) => (Kind::HeapUseAfterFree, address),
    };
    // SAFETY: the location of this thread's errno is always valid.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    deliver(Facts {
        access: Access { kind, size: Some(size) },
        block: block_at(block.start),
        ..facts(error, address, what)
    });
    // SAFETY: as above.
    unsafe { *errno = before };
}
