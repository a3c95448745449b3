//! What stands around a guarded block in its own pages: the header and some of what lies before it, and
//! what the last page has left over, are canary.

use crate::checked::large;
use crate::chunk::tail::Pattern;
use crate::chunk::{Family, HEADER_BYTES, Header, Span, State, header};
use crate::guard::layout;

/// The most bytes before the header that are canary.
pub const FRONT_MAX: usize = 512;

/// Where the payload lies between the ends of what may be read around it.
pub fn span_of(payload: usize, size: usize) -> Span {
    let (start, end) = layout::data(payload, size);
    let header_at = payload - HEADER_BYTES;
    let has_room = header_at >= start && size > 0 && header_at.is_multiple_of(HEADER_BYTES);
    // Without room for a header nothing before the payload may be touched.
    let slot = match has_room {
        true => start.max(header_at.saturating_sub(FRONT_MAX)),
        false => payload,
    };
    Span { slot, end, payload, size }
}

/// Writes header and canaries around a payload.
///
/// # Safety
/// The span lies in open pages of the caller's slot.
pub unsafe fn write_tripwires(span: &Span, family: Family) {
    let pattern = Pattern::of(span.payload);
    // SAFETY: the caller's promise.
    unsafe {
        pattern.write(span.tail(), large::window_end(span));
        if span.has_header() {
            pattern.write(span.slot + HEADER_BYTES, span.header());
            Header::new(State::Live, family, header::SLACK_MAX).write(span.header());
        }
    }
}

/// Whether the tripwires of a live guarded block hold.
///
/// # Safety
/// The span is such a block's.
pub unsafe fn tripwires_hold(span: &Span) -> bool {
    let pattern = Pattern::of(span.payload);
    // SAFETY: the caller's promise.
    unsafe {
        pattern.holds(span.tail(), large::window_end(span))
            && (!span.has_header()
                || pattern.holds(span.slot + HEADER_BYTES, span.header())
                    && Header::read(span.header()).is_valid(span.header()))
    }
}
