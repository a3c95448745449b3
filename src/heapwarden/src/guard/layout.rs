//! Where a guarded block's bytes lie among its pages.
//!
//! ```text
//! right: [ (guard) | ... gap, header, payload, gap < alignment | guard | guard ]
//! left:  [ guard | payload, gap ...                                    | guard ]
//! ```
//!
//! Right-aligned, the first byte behind the payload is in a guard page but for what alignment leaves
//! over; two guards stand there, so that an access a page further on is still this block's. When the
//! payload starts so early that its header would lie before the page, a guard stands in front: the
//! address before a payload is always in the block's own run. A block of no bytes has no data page.

use crate::chunk::HEADER_BYTES;
use heapwarden_core::os::PAGE;

/// On which side of its data pages a block lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// It starts where they start: underflows fault.
    Left,
    /// It ends where they end: overflows fault.
    Right,
}

/// How a block is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Pages in all.
    pub pages: usize,
    /// Guard pages in front.
    pub front: usize,
    /// Data pages.
    pub data: usize,
    /// What the first page's address must be a multiple of: at least a page.
    pub alignment: usize,
    /// From the first page to the payload.
    pub shift: usize,
}

impl Layout {
    /// The layout of a block of `size` at a multiple of `alignment`, a power of two; `None` when that
    /// is more than there can be.
    pub fn of(size: usize, alignment: usize, side: Side) -> Option<Layout> {
        if size > isize::MAX as usize / 2 || alignment > isize::MAX as usize / 4 {
            return None;
        }
        let data = size.div_ceil(PAGE);
        let before = match side {
            Side::Right => (data * PAGE - size) & !(alignment - 1),
            Side::Left => 0,
        };
        // So that both the payload and the page in front have their place.
        let front = match before {
            _ if before >= HEADER_BYTES => 0,
            _ => alignment.div_ceil(PAGE),
        };
        let back = if side == Side::Left && size > 0 { 1 } else { 2 };
        Some(Layout {
            pages: front + data + back,
            front,
            data,
            alignment: alignment.max(PAGE),
            shift: front * PAGE + before,
        })
    }
}

/// The data pages of the guarded block at `payload`: where they start and end.
pub fn data(payload: usize, size: usize) -> (usize, usize) {
    let end = payload.saturating_add(size);
    (payload & !(PAGE - 1), (end + PAGE - 1) & !(PAGE - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(visit: impl Fn(usize, usize, Side, Layout)) {
        for size in (0..=9000).chain([1 << 20, (1 << 20) + 1]) {
            for alignment in [1, 4, 16, 32, 64, 512, 4096, 8192, 1 << 16] {
                for side in [Side::Left, Side::Right] {
                    visit(size, alignment, side, Layout::of(size, alignment, side).expect("small"));
                }
            }
        }
    }

    #[test]
    fn a_payload_lies_in_its_data_pages_between_guards() {
        each(|size, alignment, side, layout| {
            let base = 3 * layout.alignment.max(1 << 20);
            let payload = base + layout.shift;
            assert_eq!(payload % alignment, 0);
            let (start, end) = data(payload, size);
            let first = base + layout.front * PAGE;
            assert_eq!((start, end), (first, first + layout.data * PAGE), "{size} {side:?}");
            assert!(payload + size <= end);
            assert!(base + layout.pages * PAGE > end, "a guard behind");
            assert!(payload - HEADER_BYTES >= base, "the run covers what is before the payload");
        });
    }

    #[test]
    fn the_gap_is_what_alignment_leaves_over() {
        each(|size, alignment, side, layout| {
            let (start, end) = data(layout.shift, size);
            match side {
                Side::Left => assert_eq!(layout.shift, start),
                Side::Right if alignment < PAGE => assert!(end - layout.shift - size < alignment),
                Side::Right => assert!(end - layout.shift - size < PAGE),
            }
        });
        let exact = |size: usize| Layout::of(size, 1, Side::Right).expect("small").shift + size;
        assert!((1..=9000).all(|size| exact(size) % PAGE == 0), "no gap with an alignment of 1");
    }

    #[test]
    fn two_guards_stand_behind_a_right_aligned_block_and_one_before_a_left_aligned() {
        each(|size, alignment, side, layout| {
            let behind = layout.pages - layout.front - layout.data;
            match side {
                Side::Right => assert_eq!(behind, 2),
                Side::Left => assert!(layout.front >= 1 && behind >= 1, "{size} {alignment}"),
            }
        });
        assert_eq!(Layout::of(24, 16, Side::Right).expect("small").pages, 3);
        assert_eq!(Layout::of(24, 16, Side::Left).expect("small").pages, 3);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(Layout::of(usize::MAX, 16, Side::Right), None);
        assert_eq!(Layout::of(1, 1 << 63, Side::Left), None);
    }
}
