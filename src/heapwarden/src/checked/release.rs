//! Taking a checked block back: the checks, and into the quarantine. What leaves it is
//! [`leave`](super::leave)'s.

use super::guardian;
use super::leave::leave;
use super::outgoing::move_on;
use super::quick::recorded;
use super::settings::{Settings, settings};
use super::{accounting, large, look, verify, watched};
use crate::chunk::secret::secret;
use crate::chunk::tail::Pattern;
use crate::chunk::{Family, HEADER_BYTES, Header, Span, State, fill};
use crate::evidence;
use crate::{detect, door};
use core::sync::atomic::{Ordering::Acquire, fence};
use heapwarden_core::size_class::{CLASSES, TABLE};

/// How a block is given back, and what the caller says about it.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// Whose blocks the function takes.
    pub family: Family,
    /// The function's name, for reports.
    pub what: &'static str,
    /// The size the caller states, if it does.
    pub size: Option<usize>,
    /// The alignment the caller states, if it does.
    pub alignment: Option<usize>,
}

/// Frees `block`, which is not null.
///
/// # Safety
/// If `block` is a live block, nobody uses it any more.
#[inline]
pub unsafe fn free(block: *mut u8, release: &Release) {
    // SAFETY: the caller's promise.
    unsafe {
        if settings().is_watched() {
            return watched::free(block, release);
        }
        let is_done = settings().is_quick()
            && door::frame().is_some_and(|caller| recorded::free(block, release, caller));
        if !is_done {
            unwatched(block, release);
        }
    }
}

/// [`free`] itself.
///
/// # Safety
/// As for [`free`].
#[inline(always)]
pub unsafe fn unwatched(block: *mut u8, release: &Release) {
    let payload = block as usize;
    let header_at = payload.wrapping_sub(HEADER_BYTES);
    let class = heapwarden_core::class_at(header_at) as usize;
    if class.wrapping_sub(1) >= CLASSES - 1 || payload & 15 != 0 {
        // SAFETY: the caller's promise.
        return unsafe { large::free(block, release) };
    }
    // SAFETY: the page belongs to a slab, so its memory is mapped; the address is 8 mod 16.
    let found = unsafe { Header::read(header_at) };
    if !found.is_valid(header_at) || found.state() != State::Live || found.is_leading() {
        return detect::bad_free(payload, found, release);
    }
    let settings = settings();
    let span = if found.is_inner() {
        match look::span_of_shifted(payload, found) {
            Some(span) => span,
            None => return detect::bad_free(payload, found, release),
        }
    } else {
        let end = header_at + TABLE[class].slot_bytes as usize;
        Span { slot: header_at, end, payload, size: end - payload - found.slack() }
    };
    if !detect::release_agrees(&span, found.family(), release) {
        detect::mismatch(&span, found.family(), release);
    }
    // SAFETY: a valid live header was found, so the span is a live block's.
    unsafe {
        if !tail_holds(settings, &span) && still_is(found, header_at) {
            verify::report_tail(&span, release.what);
        }
        let next = found.quarantined_by(secret(), header_at);
        if !found.exchange(next.changing(), header_at) {
            return detect::bad_free(payload, Header::read(header_at), release);
        }
        if settings.quarantine {
            retire(settings, &span, class, next);
        } else {
            go(settings, &span, class, next);
        }
    }
}

/// Whether the header is the one that was read before the tail was. If not, another thread freed the
/// block meanwhile and what stands in the tail is fill: a double free, which the exchange finds.
#[cold]
unsafe fn still_is(found: Header, header_at: usize) -> bool {
    // Acquire: the tail was read before this; who saw the other thread's fill sees its exchange.
    fence(Acquire);
    // SAFETY: the caller read the header here before.
    unsafe { Header::read(header_at) == found }
}

/// Whether the window of the tail that is verified at free is intact, and for a shifted payload
/// the gap before it.
#[inline(always)]
unsafe fn tail_holds(settings: &Settings, span: &Span) -> bool {
    let to = span.end.min(span.tail().saturating_add(settings.tail_window));
    let pattern = Pattern::of(span.payload);
    // SAFETY: the caller's span is a live block's.
    unsafe {
        pattern.holds(span.tail(), to)
            && (!span.is_shifted() || pattern.holds(span.slot + HEADER_BYTES, span.header()))
    }
}

/// Without a quarantine: a block that is nobody's now is noted as free and goes to the core.
#[inline(always)]
unsafe fn go(settings: &Settings, span: &Span, class: usize, header: Header) {
    if let Some(record) = evidence::of_slot(span.slot, class) {
        let guardian = guardian::current().map(|guardian| &*guardian);
        accounting::freed(settings, guardian, record, span.size);
        record.note_gone(guardian.map_or(u16::MAX, |guardian| guardian.number));
    }
    // SAFETY: the exchange made the block ours.
    unsafe {
        if span.is_shifted() {
            // No slot's start: a second free finds here that the block is not live.
            header.put(span.header());
        }
        Header::free().write(span.slot);
        heapwarden_core::free_class(class, span.slot as *mut u8);
    }
}

/// A block that is quarantined now is filled, recorded, and waits.
#[inline(always)]
unsafe fn retire(settings: &Settings, span: &Span, class: usize, header: Header) {
    // SAFETY: the exchange made the block ours.
    unsafe {
        if span.is_shifted() {
            // The header before the payload is filled like the rest.
            let led = Header::led(span.payload - span.slot).sealed(span.slot);
            led.changing().put(span.slot);
            fill::write(span.slot + HEADER_BYTES, span.end, settings.free_fill);
            led.put(span.slot);
        } else {
            fill::write(span.slot + HEADER_BYTES, span.end, settings.free_fill);
            header.put(span.slot);
        }
    }
    if settings.evidence
        && let Some(record) = evidence::of_slot(span.slot, class)
    {
        let guardian = guardian::current().map(|guardian| &*guardian);
        accounting::freed(settings, guardian, record, span.size);
        let number = guardian.map_or(u16::MAX, |guardian| guardian.number);
        record.note_free(free_site(settings), number);
    }
    let Some(guardian) = guardian::current() else {
        // Without memory for a guardian the block cannot wait, but it is verified all the same.
        // SAFETY: the block is ours.
        unsafe { leave(settings, span.slot, class) };
        return;
    };
    let random = guardian.random();
    let ring = &mut guardian.rings[class];
    // Without memory for its places the ring holds nothing: the slot itself leaves.
    let out = if ring.is_open() || ring.open(settings.ring_bytes) {
        // SAFETY: the ring is open.
        unsafe { ring.pass(span.slot, random) }
    } else {
        span.slot
    };
    if out != 0 {
        // SAFETY: what leaves a ring is the ring owner's.
        unsafe { move_on(settings, guardian, out, class) };
    }
    if settings.check_every != 0 {
        guardian.until_check = guardian.until_check.wrapping_sub(1);
        if guardian.until_check > settings.check_every {
            guardian.until_check = settings.check_every;
            verify::check_random_neighbour(span.slot, random as usize);
        }
    }
}

/// The call site of the free that is being served, if it is wanted.
pub fn free_site(settings: &Settings) -> u32 {
    if settings.free_sites { crate::site::here_freeing(settings.stack_depth) } else { 0 }
}
