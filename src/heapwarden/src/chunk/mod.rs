//! The chunk: what surrounds a block in the checked profiles.
//!
//! ```text
//! slot:  [ header 8 B | payload, exactly the requested bytes | tail canary to the slot's end ]
//! ```
//!
//! Slots start at 8 mod 16, so payloads are 16-aligned. For larger alignments the payload lies
//! further in: the slot's first word is then a header that says where, the chunk's own header
//! stands right before the payload, and the gap between the two is canary.
//! What stands in a chunk is a tripwire and never an input: sizes are taken from a header only
//! after its check held, and then agree with the slot.

mod alone;
mod family;
pub mod fill;
pub mod header;
pub mod secret;
pub mod tail;

pub use alone::Alone;
pub use family::Family;
pub use header::{Header, State};

use heapwarden_core::layout::Fact;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 8;
/// The alignment every payload has.
pub const ALIGNMENT: usize = 16;

/// The smallest slot: its payload is a tail's window and a word, so the window needs no exception. In
/// glibc no block takes less either.
pub const SLOT_MIN: usize = 32;

/// Where a chunk lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The slot's first address, where the first header stands.
    pub slot: usize,
    /// Behind the slot's last byte.
    pub end: usize,
    /// Where the payload starts.
    pub payload: usize,
    /// The payload's bytes.
    pub size: usize,
}

impl Span {
    /// The address of the header right before the payload.
    pub fn header(&self) -> usize {
        self.payload - HEADER_BYTES
    }

    /// Whether the payload lies further in than usual.
    pub fn is_shifted(&self) -> bool {
        self.header() > self.slot
    }

    /// Whether there is a header: not for a guarded block that starts where its page does.
    pub fn has_header(&self) -> bool {
        self.header() >= self.slot
    }

    /// Where the tail canary starts.
    pub fn tail(&self) -> usize {
        self.payload + self.size
    }
}

/// Bytes that a slot needs for a block of `size` at `alignment` with at least `tail_min` bytes of
/// canary; `None` when that is more than there can be.
pub fn slot_bytes(size: usize, alignment: usize, tail_min: usize) -> Option<usize> {
    let shift = if alignment > ALIGNMENT { alignment } else { 0 };
    let total = size.checked_add(HEADER_BYTES + tail_min)?.checked_add(shift)?;
    (total <= isize::MAX as usize).then_some(total)
}

/// Where a block of `size` at `alignment` lies in a slot.
pub fn span(slot: usize, end: usize, size: usize, alignment: usize) -> Span {
    let first = slot + HEADER_BYTES;
    let payload = (first + alignment - 1) & !(alignment - 1);
    Span { slot, end, payload, size }
}

/// For debuggers.
pub static FACTS: [Fact; 2] = [
    Fact::number("header_bytes", HEADER_BYTES),
    // Texts that end in NUL, one after the other, and an empty one.
    Fact::place("families", family::NAMES.as_ptr()),
];
