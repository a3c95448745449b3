//! From an address to the block of ours that it lies in, and what an access there would be.

use crate::checked::large_block;
use crate::chunk::{ALIGNMENT, HEADER_BYTES, Header, State};
use heapwarden_core::size_class::{CLASSES, TABLE};

/// A block, as its header or record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it starts.
    pub start: usize,
    /// Behind its last byte.
    pub end: usize,
    /// Whether the program has it.
    pub live: bool,
}

/// What is wrong with an access, and the first address at which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It runs past the block.
    Overflow(usize),
    /// It starts before the block.
    Underflow(usize),
    /// The block was freed.
    Freed(usize),
}

impl Block {
    /// What is wrong with touching `size` bytes, at least one, at `address`, which lies in this
    /// block's slot.
    pub fn fault(&self, address: usize, size: usize) -> Option<Fault> {
        if !self.live {
            Some(Fault::Freed(address))
        } else if address < self.start {
            Some(Fault::Underflow(address))
        } else if size > self.end.saturating_sub(address) {
            Some(Fault::Overflow(address.max(self.end)))
        } else {
            None
        }
    }
}

/// Whether `size` bytes at `address` certainly lie in a live block: the case that matters for
/// speed, a block's own address in a slab. What is said of any other access means nothing.
///
/// A header that holds its check at this address was written here, and a live one is not left
/// over from an earlier slab: those go only when all their slots are free.
#[inline(always)]
pub fn is_plainly_right(address: usize, size: usize) -> bool {
    let header_at = address.wrapping_sub(HEADER_BYTES);
    let class = heapwarden_core::class_at(header_at) as usize;
    if class.wrapping_sub(1) >= CLASSES - 1 || address & (ALIGNMENT - 1) != 0 {
        return false;
    }
    // SAFETY: the page belongs to a slab, so its memory is mapped; the address is 8 mod 16.
    let found = unsafe { Header::read(header_at) };
    let usual = found.state() == State::Live && !found.is_leading() && !found.is_inner();
    let room = TABLE[class].slot_bytes as usize - HEADER_BYTES;
    usual && size <= room.saturating_sub(found.slack()) && found.is_valid(header_at)
}

/// The block in whose slot an address lies; `None` when nothing is sure.
pub fn at(address: usize) -> Option<Block> {
    let class = heapwarden_core::class_at(address) as usize;
    if class.wrapping_sub(1) < CLASSES - 1 {
        return in_slab(address);
    }
    let (_, span, record) = large_block(address)?;
    match record.state() {
        State::Never => None,
        state => {
            let live = state == State::Live;
            Some(Block { start: span.payload, end: span.tail(), live })
        }
    }
}

fn in_slab(address: usize) -> Option<Block> {
    let place = heapwarden_core::place(address)?;
    if place.slot >= place.carved {
        return None;
    }
    let slot = place.first + place.slot * place.slot_bytes;
    let end = slot + place.slot_bytes;
    let mut header_at = slot;
    // SAFETY: a carved slot of a slab is mapped and starts with a header.
    let mut found = unsafe { Header::read(header_at) };
    if !found.is_valid(slot) {
        return None;
    }
    if found.is_leading() {
        header_at = slot + found.slack() - HEADER_BYTES;
        // SAFETY: a valid leading header leads to a header in its slot.
        found = unsafe { Header::read(header_at) };
        if !found.is_valid(header_at) {
            return None;
        }
    }
    let start = header_at + HEADER_BYTES;
    match found.state() {
        State::Never => None,
        State::Live => Some(Block { start, end: end - found.slack(), live: true }),
        State::Quarantined | State::Free => Some(Block { start, end, live: false }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: Block = Block { start: 1000, end: 1024, live: true };

    #[test]
    fn what_ends_in_the_block_is_right() {
        assert_eq!(LIVE.fault(1000, 24), None);
        assert_eq!(LIVE.fault(1023, 1), None);
    }

    #[test]
    fn what_does_not_is_wrong_from_the_first_byte_outside() {
        assert_eq!(LIVE.fault(1000, 25), Some(Fault::Overflow(1024)));
        assert_eq!(LIVE.fault(1023, usize::MAX), Some(Fault::Overflow(1024)));
        assert_eq!(LIVE.fault(1030, 1), Some(Fault::Overflow(1030)));
        assert_eq!(LIVE.fault(999, 1), Some(Fault::Underflow(999)));
    }

    #[test]
    fn a_freed_block_may_not_be_touched_at_all() {
        let freed = Block { live: false, ..LIVE };
        assert_eq!(freed.fault(1000, 1), Some(Fault::Freed(1000)));
    }
}
