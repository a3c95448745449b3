//! Accesses whose length the call states: memcpy and its relatives.

use super::block::{self, is_plainly_right};
use super::{applies, tell};
use crate::report::AccessKind;
use heapwarden_core::is_ours;

/// `what` is about to copy `size` bytes.
#[inline(always)]
pub fn copy(what: &'static str, destination: usize, source: usize, size: usize) {
    if is_ours(destination) || is_ours(source) {
        check_copy(what, destination, source, size);
    }
}

/// `what` is about to write `size` bytes.
#[inline(always)]
pub fn write(what: &'static str, destination: usize, size: usize) {
    if is_ours(destination) {
        check_write(what, destination, size);
    }
}

#[inline(never)]
fn check_copy(what: &'static str, destination: usize, source: usize, size: usize) {
    if applies() {
        // One call gives one report.
        let _ = allowed(what, AccessKind::Read, source, size)
            && allowed(what, AccessKind::Write, destination, size);
    }
}

#[inline(never)]
fn check_write(what: &'static str, destination: usize, size: usize) {
    if applies() {
        allowed(what, AccessKind::Write, destination, size);
    }
}

/// Whether nothing is wrong with an access; if something is, it was reported.
#[inline]
pub(super) fn allowed(what: &'static str, kind: AccessKind, address: usize, size: usize) -> bool {
    if size == 0 || !is_ours(address) || is_plainly_right(address, size) {
        return true;
    }
    let Some(block) = block::at(address) else { return true };
    let allowed = block.fault(address, size).is_none();
    if !allowed {
        tell::report(what, kind, &block, address, size);
    }
    allowed
}
