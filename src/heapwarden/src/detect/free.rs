//! A pointer that is given back, or resized, and is no live block; and blocks given back the wrong
//! way.

use super::describe::{self, block_at};
use super::tell::{deliver, facts};
use super::{header, pointer};
use crate::checked::{Release, pause, settings};
use crate::chunk::{ALIGNMENT, Family, HEADER_BYTES, Header, Span, State};
use crate::evidence::{self, Record};
use crate::report::{BlockFacts, BlockState, Facts, Kind, LayoutFacts, Mismatch, Pointer};
use crate::unwind::{self, modules};

/// Whether a live block may be given back in this way.
#[inline(always)]
pub fn release_agrees(span: &Span, family: Family, release: &Release) -> bool {
    same_family(family, release.family)
        && release.size.is_none_or(|size| size == span.size)
        && release.alignment.is_none_or(|alignment| is_aligned(span, family, alignment))
}

/// Whether a block may have been asked for with this alignment: as far as its address shows, and its
/// record says, in the profiles that keep one of every block.
#[inline(always)]
fn is_aligned(span: &Span, family: Family, alignment: usize) -> bool {
    span.payload & (alignment - 1) == 0
        && (family != Family::Rust
            || !settings().evidence
            || evidence::of_span(span).is_none_or(|record| record.allows(alignment)))
}

/// memalign's blocks go back by free, like malloc's.
#[inline(always)]
fn same_family(allocated: Family, released: Family) -> bool {
    let plain = |family| if family == Family::Memalign { Family::Malloc } else { family };
    plain(allocated) == plain(released)
}

/// What a program can do that must live with it.
const SWITCH: &str = "alloc_dealloc_mismatch=0 switches this check off";

/// A live block is given back by the wrong function, or with the wrong size.
#[cold]
pub fn mismatch(span: &Span, family: Family, release: &Release) {
    if same_family(family, Family::Malloc)
        && release.family != Family::Malloc
        && release.family != Family::Rust
        && !is_certain(span)
    {
        return;
    }
    if !same_family(family, release.family) && !crate::start::options().alloc_dealloc_mismatch {
        return;
    }
    let (kind, mismatch) = if same_family(family, release.family) {
        let kind = match family {
            Family::Rust | Family::Malloc | Family::Memalign => Kind::LayoutMismatch,
            _ => Kind::NewDeleteTypeMismatch,
        };
        let released = LayoutFacts {
            size: release.size.unwrap_or(span.size),
            alignment: release.alignment.unwrap_or(0),
        };
        let allocated = LayoutFacts {
            size: span.size,
            alignment: evidence::of_span(span).and_then(Record::alignment).unwrap_or_else(|| {
                // The address shows what it can have been at most.
                released.alignment.min(1 << span.payload.trailing_zeros())
            }),
        };
        (kind, Mismatch::Layouts { allocated, released })
    } else {
        let families = Mismatch::Families { allocated: family, released: release.family };
        (Kind::AllocDeallocMismatch, families)
    };
    deliver(Facts {
        block: Some(describe::by_span(span)),
        mismatch: Some(mismatch),
        hint: (kind == Kind::AllocDeallocMismatch).then_some(SWITCH),
        ..facts(kind, span.payload, release.what)
    });
}

/// Whether it was not an `operator new` that called malloc for this block, which goes to `delete` now.
/// A library that is linked with its own C++ runtime may have one that nobody sees, and then malloc
/// and `delete` belong together. So it is certain only of blocks from the module (program or library)
/// that gives them back now, and of those that libc made, as in `strdup`. Unknown is no.
fn is_certain(span: &Span) -> bool {
    let allocated = describe::by_span(span).allocated.and_then(|event| event.frames.first());
    let Some(maker) = allocated.and_then(|frame| modules::find(frame - 1)) else { return false };
    let is_in = |address: usize| modules::find(address).is_some_and(|it| core::ptr::eq(it, maker));
    let version: unsafe extern "C" fn() -> *const libc::c_char = libc::gnu_get_libc_version;
    if is_in(version as usize) && !maker.is_program() {
        return true;
    }
    let mut caller = [0usize; 1];
    unwind::capture(&mut caller) > 0 && is_in(caller[0] - 1)
}

/// `payload` was given back and is no live block with a whole header; `found` is what stands
/// before it (0 for what is no slot's).
#[cold]
pub fn bad_free(payload: usize, found: Header, release: &Release) {
    if found == Header(0) && !heapwarden_core::is_managed(payload) {
        return pointer::foreign(payload, release);
    }
    bad(payload, found, release.what);
}

/// `payload` was given to a function that wants a live block.
#[cold]
pub fn bad_pointer(payload: usize, what: &'static str) {
    let header_at = payload.wrapping_sub(HEADER_BYTES);
    let in_slab = payload & 15 == 0 && heapwarden_core::place(header_at).is_some();
    // SAFETY: a slab's memory is mapped.
    let found = if in_slab { unsafe { Header::read(header_at) } } else { Header(0) };
    if found == Header(0) && !heapwarden_core::is_managed(payload) {
        return pointer::wild(payload, what);
    }
    bad(payload, found, what);
}

fn bad(payload: usize, found: Header, what: &'static str) {
    let header_at = payload.wrapping_sub(HEADER_BYTES);
    let valid = found.is_valid(header_at);
    // Another thread is freeing it at this moment, or getting it: it is not this caller's.
    let changing = found.is_changing(header_at);
    let slot_state = settled_state(payload);
    let block = block_at(payload);
    // The mark is keyed to the address, as the check is: where it stood, a block starts.
    let starts_here = changing || block.is_some_and(|block| block.address == payload);
    let freed = block.is_some_and(|block| block.state == BlockState::Freed)
        || matches!(slot_state, Some(State::Quarantined | State::Free));
    // Free pages: a large block's that has left the quarantine. Nothing is known of it any more.
    let is_gone = block.is_none() && heapwarden_core::locate(payload).is_none();
    let is_gone = is_gone && heapwarden_core::place(payload).is_none();
    let not_live = changing || valid && found.state() != State::Live;
    if is_gone || starts_here && (freed || not_live) {
        // What the record says may come a moment later than what the header says.
        let block = block.map(|block| BlockFacts { state: BlockState::Freed, ..block });
        return deliver(Facts { block, ..facts(Kind::DoubleFree, payload, what) });
    }
    if !valid && let Some((slot, end)) = slot_of_start(payload, starts_here) {
        // The right address: its header was overwritten.
        return header::header(slot, end, what);
    }
    let pointer = match payload % ALIGNMENT {
        0 => Pointer::Interior,
        _ if block.is_some() => Pointer::Interior,
        _ => Pointer::Misaligned,
    };
    deliver(Facts { block, pointer: Some(pointer), ..facts(Kind::InvalidFree, payload, what) });
}

/// The state of the slot that `payload` lies in, by its header, once no other thread is changing it:
/// then it can be described. Not waited for for ever: the change may be this thread's own,
/// interrupted by a signal.
fn settled_state(payload: usize) -> Option<State> {
    let place = heapwarden_core::place(payload)?;
    let slot = place.first + place.slot * place.slot_bytes;
    for _ in 0..20 {
        // SAFETY: a slab's memory is mapped.
        let header = unsafe { Header::read(slot) };
        if !header.is_changing(slot) {
            return header.is_valid(slot).then(|| header.state());
        }
        pause();
    }
    None
}

/// The slot that `payload` is the start of, by its place or by the slot's leading header.
/// `is_known` when the record says so.
fn slot_of_start(payload: usize, is_known: bool) -> Option<(usize, usize)> {
    let place = heapwarden_core::place(payload)?;
    let slot = place.first + place.slot * place.slot_bytes;
    // SAFETY: a slab's memory is mapped.
    let first = unsafe { Header::read(slot) };
    let leads = first.is_valid(slot) && first.is_leading() && slot + first.slack() == payload;
    (is_known || leads || payload == slot + HEADER_BYTES).then_some((slot, slot + place.slot_bytes))
}
