//! From a finding to a delivered report: the calling thread, its stack, the damaged bytes.

use super::{describe, told};
use crate::checked::{self, settings};
use crate::chunk::tail::Pattern;
use crate::chunk::{HEADER_BYTES, Span, fill as fill_bytes};
use crate::report::{
    self, Access, AccessKind, BlockFacts, Damage, Expected, Facts, Kind, ThreadFacts,
};
use crate::{door, inside, unwind};
use core::ops::Range;
use heapwarden_core::Located;
use heapwarden_core::os::syscall;

/// The most damaged bytes that a report shows.
pub const SHOWN_MAX: usize = 64;
/// The most frames of the stack at which something was found.
const FRAMES_MAX: usize = 64;

/// An access that nobody saw.
pub const UNSEEN: Access = Access { kind: AccessKind::Unknown, size: None };
/// A write that nobody saw, of unknown size.
pub const UNSEEN_WRITE: Access = Access { kind: AccessKind::Write, size: None };

/// Facts that say only what was found, where, and by what.
pub fn facts(kind: Kind, address: usize, what: &'static str) -> Facts<'static> {
    Facts {
        kind,
        address,
        thread: this_thread(),
        access: UNSEEN,
        access_stack: &[],
        access_what: what,
        registers: None,
        block: None,
        damage: None,
        neighbour: None,
        pointer: None,
        mismatch: None,
        hint: None,
        count: 1,
    }
}

/// The calling thread.
fn this_thread() -> ThreadFacts {
    let mut name = [0u8; 16];
    // SAFETY: gettid takes nothing; PR_GET_NAME writes sixteen bytes to a live local.
    let tid = unsafe {
        let pointer = name.as_mut_ptr() as usize;
        let _ = syscall::call(libc::SYS_prctl, [libc::PR_GET_NAME as usize, pointer, 0, 0, 0, 0]);
        syscall::call(libc::SYS_gettid, [0; 6]).unwrap_or(0)
    };
    // A thread without a number has not needed the heap before: it is not the main thread, or the
    // first error came first of all.
    // SAFETY: getpid takes nothing.
    let is_main = unsafe { syscall::call(libc::SYS_getpid, [0; 6]) } == Ok(tid);
    let number = match crate::checked::thread_number() {
        u16::MAX if is_main => 0,
        u16::MAX => u32::from(crate::checked::next_thread_number()),
        number => u32::from(number),
    };
    ThreadFacts { number, tid: tid as u32, name }
}

/// Delivers facts with the calling thread's stack.
pub fn deliver(facts: Facts<'_>) {
    let _inside = inside::enter();
    let mut frames = [0usize; FRAMES_MAX];
    let count = match door::frame() {
        // SAFETY: whoever came in by that frame waits for this call.
        Some(frame) => unsafe { unwind::capture_from(frame, &mut frames) },
        None => unwind::capture(&mut frames),
    };
    report::deliver(&Facts { access_stack: &frames[..count], ..facts });
}

/// Bytes as they are in memory, for a report to keep.
pub struct Shown {
    bytes: [u8; SHOWN_MAX],
    expected: [u8; SHOWN_MAX],
    count: usize,
}

impl Shown {
    /// Reads `[from, to)`, or its beginning.
    ///
    /// # Safety
    /// The range is readable.
    pub unsafe fn read(from: usize, to: usize, expected: impl Fn(usize) -> u8) -> Self {
        let count = (to - from).min(SHOWN_MAX);
        let mut shown = Self { bytes: [0; SHOWN_MAX], expected: [0; SHOWN_MAX], count };
        for index in 0..count {
            // SAFETY: the caller's promise.
            shown.bytes[index] = unsafe { ((from + index) as *const u8).read_volatile() };
            shown.expected[index] = expected(from + index);
        }
        shown
    }

    /// As the damage of a block: bytes that should be a canary.
    pub fn canary(&self, offset: isize, changed: usize) -> Damage<'_> {
        let expected = Expected::Canary(&self.expected[..self.count]);
        Damage { offset, bytes: &self.bytes[..self.count], expected, changed }
    }

    /// As the damage of a freed block: bytes that should be fill.
    pub fn filled(&self, offset: isize, changed: usize, byte: u8) -> Damage<'_> {
        let expected = Expected::Fill(byte);
        Damage { offset, bytes: &self.bytes[..self.count], expected, changed }
    }
}

/// A live block's canary is damaged: behind it, or for a shifted payload before it.
#[cold]
pub fn tail(span: &Span, what: &'static str) {
    let pattern = Pattern::of(span.payload);
    let expected = |address| pattern.byte_at(address);
    // SAFETY: the span is a live block's; the canary of a large block ends after a page at most.
    let (behind, before) = unsafe {
        let is_slot = heapwarden_core::place(span.slot).is_some();
        let end = if is_slot { span.end } else { checked::large_tail_end(span) };
        let before = span
            .is_shifted()
            .then(|| fill_bytes::changed(span.slot + HEADER_BYTES, span.header(), expected))
            .flatten();
        (fill_bytes::changed(span.tail(), end, expected), before)
    };
    let (kind, changed) = match (behind, before) {
        (Some(changed), _) => (Kind::HeapBufferOverflow, changed),
        (None, Some(changed)) => (Kind::HeapBufferUnderflow, changed),
        (None, None) => return super::header::large_header(span, what),
    };
    if told::is_told(changed.first, changed.last) {
        return;
    }
    // SAFETY: the changed bytes lie in the canary.
    let shown = unsafe { Shown::read(changed.first, changed.last + 1, expected) };
    let offset = changed.first as isize - span.payload as isize;
    deliver(Facts {
        access: UNSEEN_WRITE,
        block: Some(describe::by_span(span)),
        damage: Some(shown.canary(offset, changed.count)),
        ..facts(kind, changed.first, what)
    });
}

/// A freed slot's fill changed.
#[cold]
pub fn fill(slot: usize, end: usize, what: &'static str) {
    let block = describe::block_at(slot);
    changed_fill(slot + HEADER_BYTES, end, settings().free_fill, block, what);
}

/// A freed run's fill changed.
#[cold]
pub fn large_fill(found: &Located, what: &'static str) {
    let block = describe::block_at(found.block);
    changed_fill(found.block, found.block + found.size, settings().free_fill, block, what);
}

/// What was cleared of a guarded slot that nobody has was written to.
#[cold]
pub fn ready_page(found: &Located, cleared: &Range<usize>, what: &'static str) {
    let block = describe::block_at(found.block);
    changed_fill(cleared.start, cleared.end, 0, block, what);
}

fn changed_fill(
    from: usize,
    to: usize,
    byte: u8,
    block: Option<BlockFacts<'_>>,
    what: &'static str,
) {
    // SAFETY: a freed chunk's memory is mapped while it waits.
    let Some(changed) = (unsafe { fill_bytes::changed(from, to, |_| byte) }) else { return };
    if told::is_told(changed.first, changed.last) {
        return;
    }
    // SAFETY: as above.
    let shown = unsafe { Shown::read(changed.first, changed.last + 1, |_| byte) };
    let start = block.map_or(from, |block| block.address);
    let offset = changed.first as isize - start as isize;
    deliver(Facts {
        access: UNSEEN_WRITE,
        block,
        damage: Some(shown.filled(offset, changed.count, byte)),
        ..facts(Kind::HeapUseAfterFree, changed.first, what)
    });
}
