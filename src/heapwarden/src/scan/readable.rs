//! Which part of a range of memory can be read, without a fault.
//!
//! Cost: a system call of some 60 ns per page.

use crate::unwind::is_readable;
use core::ops::Range;
use heapwarden_core::os::PAGE;

/// Calls `visit` with each stretch of `range` that can be read.
pub fn stretches(range: Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
    let mut start = range.start;
    while start < range.end {
        let end = upwards(start, range.end);
        if end > start {
            visit(start..end);
        }
        // Behind the page that could not be read.
        start = (end & !(PAGE - 1)) + PAGE;
    }
}

/// How far memory can be read from `start` on, at most to `limit`.
pub fn upwards(start: usize, limit: usize) -> usize {
    let mut page = start & !(PAGE - 1);
    while page < limit && is_readable(page) {
        page += PAGE;
    }
    page.clamp(start, limit.max(start))
}

/// How far down memory can be read below `end`, at most to `limit`; a multiple of the page size.
pub fn downwards(end: usize, limit: usize) -> usize {
    let mut page = end.next_multiple_of(PAGE);
    while page > limit && is_readable(page - PAGE) {
        page -= PAGE;
    }
    page.min(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapwarden_core::os::mapping;

    #[test]
    fn a_hole_splits_a_range() {
        let start = mapping::map(5 * PAGE).expect("memory");
        // SAFETY: a fresh mapping, of which this test gives parts back.
        unsafe {
            mapping::seal(start + 2 * PAGE, PAGE);
            mapping::seal(start + 4 * PAGE, PAGE);
        }
        let mut found = Vec::new();
        stretches(start + 8..start + 5 * PAGE, &mut |stretch| found.push(stretch));
        assert_eq!(found, [start + 8..start + 2 * PAGE, start + 3 * PAGE..start + 4 * PAGE]);
        assert_eq!(upwards(start + 16, usize::MAX), start + 2 * PAGE);
        assert_eq!(upwards(start + 2 * PAGE, start + 5 * PAGE), start + 2 * PAGE);
        assert_eq!(downwards(start + 4 * PAGE, 0), start + 3 * PAGE);
        assert_eq!(downwards(start + 2 * PAGE - 8, start), start);
        // SAFETY: mapped above.
        unsafe { mapping::unmap(start, 5 * PAGE) };
    }
}
