//! One look at a slot, at whatever moment: what it holds, and whether that is as it should be. It
//! changes nothing, waits for nobody and tells nothing.

use super::settings::settings;
use crate::chunk::fill::Changed;
use crate::chunk::tail::Pattern;
use crate::chunk::{HEADER_BYTES, Header, Span, State, fill};

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
pub enum Look {
    /// Nothing is wrong, or its thread is changing it.
    Intact,
    /// The header that was found fails its check.
    Header(u64),
    /// The canary of this live block is damaged.
    Tail(Span),
    /// The fill of a freed block changed.
    Fill(Changed),
}

/// Looks at a carved slot.
pub fn look(slot: usize, end: usize) -> Look {
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

/// Whether a block's canary is whole, and for a shifted payload the gap before it.
///
/// # Safety
/// The span lies in a slot.
pub unsafe fn tail_holds(span: &Span) -> bool {
    let pattern = Pattern::of(span.payload);
    // SAFETY: the caller's span lies in a slot.
    unsafe {
        pattern.holds(span.tail(), span.end)
            && (!span.is_shifted() || pattern.holds(span.slot + HEADER_BYTES, span.header()))
    }
}
