//! Verification of chunks where they lie: carving, the neighbours of a free, the whole heap.
//!
//! Other threads may be changing a chunk while it is looked at: what looks damaged is looked at
//! again, some milliseconds later, before it is called damaged.

use super::large;
use super::settings::settings;
use crate::chunk::fill::Changed;
use crate::chunk::tail::Pattern;
use crate::chunk::{Family, HEADER_BYTES, Header, Span, State, fill};
use crate::detect;
use heapwarden_core::os::syscall;
use heapwarden_core::{BlockKind, Located};

/// The core's hook: slots are about to be used, or to border used ones, for the first time.
pub fn carve(first: usize, bytes: usize, count: usize) {
    for slot in 0..count {
        // SAFETY: the core says that these slots lie in a slab and were never handed out.
        unsafe { Header::new(State::Never, Family::Malloc, 0).write(first + slot * bytes) };
    }
}

/// The core's hook: an empty slab may go when all its slots are intact. A damaged one stays, for
/// nothing can be reported under the arena's lock: the damage is found when the slot is used again,
/// or at exit.
pub fn may_go(first: usize, bytes: usize, carved: usize) -> bool {
    (0..carved).all(|slot| {
        let start = first + slot * bytes;
        look(start, start + bytes) == Look::Intact
    })
}

/// The span of a payload whose inner header is `found`; `None` when no slot's leading header
/// leads to it.
pub fn span_of_shifted(payload: usize, found: Header) -> Option<Span> {
    let place = heapwarden_core::place(payload)?;
    let slot = place.first + place.slot * place.slot_bytes;
    // SAFETY: the slot lies in a slab.
    let leading = unsafe { Header::read(slot) };
    let leads = leading.is_valid(slot) && leading.is_leading();
    if !leads || slot + leading.slack() != payload {
        return None;
    }
    let end = slot + place.slot_bytes;
    Some(Span { slot, end, payload, size: (end - payload).checked_sub(found.slack())? })
}

/// What a look at a slot says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Look {
    Intact,
    Header(u64),
    Tail(Span),
    Fill(Changed),
}

/// Looks at a carved slot.
fn look(slot: usize, end: usize) -> Look {
    // SAFETY: carved slots of slabs are mapped; races are the caller's to sort out.
    unsafe {
        let found = Header::read(slot);
        if found.is_changing(slot) {
            return Look::Intact;
        }
        if !found.is_valid(slot) {
            return Look::Header(found.0);
        }
        let span = match found.state() {
            State::Never => return Look::Intact,
            State::Quarantined | State::Free if !settings().quarantine => return Look::Intact,
            State::Quarantined | State::Free => {
                let byte = settings().free_fill;
                if fill::holds(slot + HEADER_BYTES, end, byte) {
                    return Look::Intact;
                }
                return fill::changed(slot + HEADER_BYTES, end, |_| byte)
                    .map_or(Look::Intact, Look::Fill);
            }
            State::Live if found.is_leading() => {
                let payload = slot + found.slack();
                let inner = Header::read(payload - HEADER_BYTES);
                match inner.is_valid(payload - HEADER_BYTES) {
                    true => Span { slot, end, payload, size: end - payload - inner.slack() },
                    false => return Look::Header(inner.0),
                }
            }
            State::Live => {
                let payload = slot + HEADER_BYTES;
                Span { slot, end, payload, size: end - payload - found.slack() }
            }
        };
        if tail_holds(&span) { Look::Intact } else { Look::Tail(span) }
    }
}

unsafe fn tail_holds(span: &Span) -> bool {
    let pattern = Pattern::of(span.payload);
    // SAFETY: the caller's span lies in a slot.
    unsafe {
        pattern.holds(span.tail(), span.end)
            && (!span.is_shifted() || pattern.holds(span.slot + HEADER_BYTES, span.header()))
    }
}

/// Looks until two looks agree in every detail, and the headers with them: then it is damage and
/// not another thread at work.
fn look_patiently(slot: usize, end: usize) -> Look {
    let mut last = look(slot, end);
    for _ in 0..20 {
        if last == Look::Intact {
            return last;
        }
        // SAFETY: a carved slot.
        let before = unsafe { Header::read(slot) };
        pause();
        let again = look(slot, end);
        // SAFETY: as above.
        if again == last && unsafe { Header::read(slot) } == before {
            return again;
        }
        last = again;
    }
    // Always on the move: nothing can be said.
    Look::Intact
}

/// Waits for 5 ms, so that a thread in the middle of a change can finish it.
pub fn pause() {
    let time = libc::timespec { tv_sec: 0, tv_nsec: 5_000_000 };
    // SAFETY: reads a live local.
    let _ =
        unsafe { syscall::call(libc::SYS_nanosleep, [&raw const time as usize, 0, 0, 0, 0, 0]) };
}

/// Reports what is wrong with a carved slot, if it still is. Returns whether it was.
fn report(slot: usize, end: usize, what: &'static str) -> bool {
    match look_patiently(slot, end) {
        Look::Intact => return false,
        Look::Header(_) => detect::header(slot, end, what),
        Look::Tail(span) => detect::tail(&span, what),
        Look::Fill(_) => detect::fill(slot, end, what),
    }
    true
}

/// Verifies one slot of the slab that `slot` lies in, by chance.
#[cold]
pub fn check_random_neighbour(slot: usize, random: usize) {
    if crate::on_demand::is_wanted() {
        crate::on_demand::take_up();
    }
    let Some(place) = heapwarden_core::place(slot) else { return };
    if place.carved == 0 {
        return;
    }
    let start = place.first + (random >> 8) % place.carved * place.slot_bytes;
    if look(start, start + place.slot_bytes) != Look::Intact {
        report(start, start + place.slot_bytes, "random check");
    }
}

/// Verifies a live block before it is used by `what`.
///
/// # Safety
/// The span is a live block's.
pub unsafe fn check_span(span: &Span, what: &'static str) {
    // SAFETY: the caller's promise.
    unsafe {
        if large::find(span.payload).is_some() {
            if !large::tripwires_hold(span) {
                detect::tail(span, what);
            }
        } else if !tail_holds(span) {
            detect::tail(span, what);
        }
    }
}

/// The tail of a block that is being freed is damaged.
#[cold]
pub fn report_tail(span: &Span, what: &'static str) {
    detect::tail(span, what);
    detect::forget_told(span.slot, span.end);
}

/// The header of a large block that is being freed is damaged.
#[cold]
pub fn report_underflow(span: &Span, what: &'static str) {
    detect::large_header(span, what);
}

/// A slot that leaves the quarantine is damaged.
#[cold]
pub fn report_left(slot: usize, end: usize, found: Header) {
    if found.is_valid(slot) {
        detect::fill(slot, end, "quarantine check");
    } else {
        detect::header(slot, end, "quarantine check");
    }
    detect::forget_told(slot, end);
}

/// A slot that came from the core for reuse is not as it should be. Returns whether it can be used
/// all the same.
#[cold]
pub fn report_reused(slot: usize, end: usize, found: Header) -> bool {
    if !found.is_valid(slot) {
        detect::header(slot, end, "check before reuse");
        return true;
    }
    if found.state() == State::Free {
        detect::fill(slot, end, "check before reuse");
        return true;
    }
    // A valid header says that the block is not free: whatever happened, it must not be given to
    // two owners.
    false
}

/// A run that leaves the quarantine is damaged.
#[cold]
pub fn report_large_fill(found: &Located) {
    detect::large_fill(found, "quarantine check");
}

/// The most damaged chunks that one check reports.
const REPORTED_MAX: usize = 32;

/// Verifies every chunk of the heap. Returns how many are damaged (counted up to 32).
pub fn check_heap(what: &'static str) -> usize {
    let mut suspects = [(0usize, 0usize, BlockKind::Large); REPORTED_MAX];
    let mut count = 0;
    // The walk holds locks: it only collects.
    heapwarden_core::survey(&mut |found| {
        if count < REPORTED_MAX && is_suspect(found) {
            suspects[count] = (found.block, found.block + found.size, found.kind);
            count += 1;
        }
    });
    suspects[..count]
        .iter()
        .filter(|(block, end, kind)| match kind {
            BlockKind::Small { .. } => report(*block, *end, what),
            _ => report_large(*block, what),
        })
        .count()
}

fn is_suspect(found: &Located) -> bool {
    match found.kind {
        BlockKind::Small { .. } => {
            let carved =
                heapwarden_core::place(found.block).is_some_and(|place| place.slot < place.carved);
            carved && look(found.block, found.block + found.size) != Look::Intact
        }
        _ => large_is_damaged(found.block),
    }
}

fn large_is_damaged(base: usize) -> bool {
    let Some((found, span, record)) = large::find(base) else { return false };
    // SAFETY: the record says which memory is readable: a live block's, and a waiting run's.
    unsafe {
        match record.state() {
            State::Live => !large::tripwires_hold(&span),
            State::Quarantined if found.kind == BlockKind::Large => {
                !fill::holds(found.block, found.block + found.size, settings().free_fill)
            }
            _ => false,
        }
    }
}

fn report_large(base: usize, what: &'static str) -> bool {
    pause();
    if !large_is_damaged(base) {
        return false;
    }
    let Some((found, span, record)) = large::find(base) else { return false };
    if record.state() != State::Live {
        detect::large_fill(&found, what);
    } else {
        detect::tail(&span, what);
    }
    true
}
