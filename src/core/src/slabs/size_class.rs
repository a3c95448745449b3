//! Size classes: which slot size serves a request, and how a slab of that size is laid out.
//!
//! 16-byte steps to 256, then eight classes per doubling to [`SMALL_MAX`]: at most an eighth of a
//! slot is lost to rounding. (With four per doubling above 2 KiB, the pages of a database, a little
//! more than 4 KiB each, lost a fifth.) All tables are computed at compile time. Class 0 means "no slab", so that a
//! cleared page table says that nothing is there.
//! Cost of a lookup: one byte load up to [`TABLE_MAX`], a few shifts above.

use crate::field;
use crate::layout::Fact;
use crate::os::PAGE;

/// The largest request that a slab serves.
pub const SMALL_MAX: usize = 32 * 1024;
/// The largest request whose class is looked up in the table.
pub const TABLE_MAX: usize = 2048;
/// One more than the highest class.
pub const CLASSES: usize = 1 + 16 + 8 * 7;

/// How slabs of one class are laid out.
#[derive(Clone, Copy)]
pub struct Class {
    /// Bytes from one slot to the next.
    pub slot_bytes: u32,
    /// Pages in a slab.
    pub pages: u32,
    /// `ceil(2^32 / slot_bytes)`: a multiplication instead of a division finds a slot's number.
    pub reciprocal: u32,
    /// The most slots of this class that a thread caches.
    pub cached_max: u32,
}

/// All classes; entry 0 is empty.
pub static TABLE: [Class; CLASSES] = build();

static BY_SIZE: [u8; TABLE_MAX / 16 + 1] = build_lookup();

const fn slot_bytes(class: usize) -> usize {
    match class {
        0 => 0,
        1..=16 => class * 16,
        _ => {
            let (doubling, step) = ((class - 17) / 8, (class - 17) % 8 + 1);
            (256 << doubling) + step * (32 << doubling)
        }
    }
}

/// Pages per slab: enough slots that a slab is rarely asked for, little lost at its end, and not
/// so much that a half-used slab weighs.
const fn slab_pages(bytes: usize) -> usize {
    let wanted = if bytes * 32 < 16 * 1024 {
        16 * 1024
    } else if bytes * 32 > 64 * 1024 {
        64 * 1024
    } else {
        bytes * 32
    };
    let mut pages = wanted.div_ceil(PAGE);
    if pages * PAGE < bytes * 4 {
        pages = (bytes * 4).div_ceil(PAGE);
    }
    let (mut best, mut best_waste) = (pages, usize::MAX);
    let mut candidate = pages;
    while candidate <= pages + pages / 2 {
        // In 1/1024 of the slab, so that sizes compare.
        let waste = (candidate * PAGE % bytes) * 1024 / (candidate * PAGE);
        if waste + 4 < best_waste {
            (best, best_waste) = (candidate, waste);
        }
        candidate += 1;
    }
    best
}

const fn cached_max(bytes: usize) -> usize {
    let by_bytes = 32 * 1024 / bytes;
    if by_bytes > 256 {
        256
    } else if by_bytes < 2 {
        2
    } else {
        by_bytes
    }
}

const fn build() -> [Class; CLASSES] {
    let empty = Class { slot_bytes: 0, pages: 0, reciprocal: 0, cached_max: 0 };
    let mut table = [empty; CLASSES];
    let mut class = 1;
    while class < CLASSES {
        let bytes = slot_bytes(class);
        table[class] = Class {
            slot_bytes: bytes as u32,
            pages: slab_pages(bytes) as u32,
            reciprocal: (1u64 << 32).div_ceil(bytes as u64) as u32,
            cached_max: cached_max(bytes) as u32,
        };
        class += 1;
    }
    assert!(table[CLASSES - 1].slot_bytes as usize == SMALL_MAX);
    table
}

const fn build_lookup() -> [u8; TABLE_MAX / 16 + 1] {
    let mut lookup = [1u8; TABLE_MAX / 16 + 1];
    let mut sixteenths = 1;
    let mut class = 1;
    while sixteenths < lookup.len() {
        while slot_bytes(class) < sixteenths * 16 {
            class += 1;
        }
        lookup[sixteenths] = class as u8;
        sixteenths += 1;
    }
    lookup
}

/// The class for a request of at most [`TABLE_MAX`] bytes.
#[inline(always)]
pub fn class_of_table(size: usize) -> usize {
    debug_assert!(size <= TABLE_MAX);
    // SAFETY: the index is at most TABLE_MAX / 16, the table's last entry.
    let class = unsafe { *BY_SIZE.get_unchecked((size + 15) >> 4) };
    class as usize
}

/// The class for a request of at most [`SMALL_MAX`] bytes.
#[inline]
pub fn class_of(size: usize) -> usize {
    if size <= TABLE_MAX {
        return class_of_table(size);
    }
    let doubling = (size - 1).ilog2() as usize;
    let eighth = ((size - 1) >> (doubling - 3)) & 7;
    17 + (doubling - 8) * 8 + eighth
}

/// The smallest class for `size` whose slots all are multiples of `alignment` (a power of two up
/// to a page), if there is one.
pub fn class_of_aligned(size: usize, alignment: usize) -> Option<usize> {
    let mut class = if size > SMALL_MAX { return None } else { class_of(size.max(alignment)) };
    while class < CLASSES {
        if (TABLE[class].slot_bytes as usize).is_multiple_of(alignment) {
            return Some(class);
        }
        class += 1;
    }
    None
}

/// For debuggers.
pub static FACTS: [Fact; 4] = [
    Fact::place("classes", &raw const TABLE),
    Fact::number("classes.count", CLASSES),
    Fact::number("Class", size_of::<Class>()),
    field!(Class, slot_bytes),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_gets_the_smallest_class_that_holds_it() {
        for size in 1..=SMALL_MAX {
            let class = class_of(size);
            assert!(TABLE[class].slot_bytes as usize >= size, "{size}");
            assert!(class == 1 || (TABLE[class - 1].slot_bytes as usize) < size, "{size}");
        }
        assert_eq!(class_of(0), 1);
    }

    #[test]
    fn the_reciprocal_divides_exactly_within_a_slab() {
        for class in &TABLE[1..] {
            let bytes = class.pages as u64 * PAGE as u64;
            for offset in 0..bytes {
                let slot = (offset * class.reciprocal as u64) >> 32;
                assert_eq!(slot, offset / class.slot_bytes as u64);
            }
        }
    }

    #[test]
    fn slabs_waste_little_and_fit_their_bitmap() {
        for class in &TABLE[1..] {
            let bytes = class.pages as usize * PAGE;
            assert!(bytes % (class.slot_bytes as usize) * 10 <= bytes, "{}", class.slot_bytes);
            assert!(bytes / class.slot_bytes as usize >= 4);
            assert_eq!(class.slot_bytes % 16, 0);
        }
    }

    #[test]
    fn aligned_classes_are_aligned() {
        for shift in 4..=12 {
            let alignment = 1usize << shift;
            for size in [1, 100, 1000, 4000, 20_000] {
                let class = class_of_aligned(size, alignment).expect("a class");
                assert_eq!(TABLE[class].slot_bytes as usize % alignment, 0);
                assert!(TABLE[class].slot_bytes as usize >= size);
            }
        }
    }
}
