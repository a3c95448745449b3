//! Memory for one check: taken from mappings of its own while it runs, given back as a whole.
//!
//! A thread that stands still may hold the lock of any other memory, the library's own included, so a
//! check uses none. Slices are cut off one after another and stay until the area is dropped; when a
//! mapping is used up the next one, at least as big, is made. Out of memory is an answer, not an end.
//! Cost: an addition per slice, a system call per mapping, a page fault per page touched.

use core::cell::Cell;
use core::mem::{align_of, size_of};
use core::{ptr, slice};
use heapwarden_core::os::{mapping, page_round};

/// What stands at the start of each mapping.
struct Mapping {
    /// The one before; 0 for the first.
    before: usize,
    bytes: usize,
}

/// Types for which zeroed memory is a value.
///
/// # Safety
/// Every bit pattern of zeros must be valid.
pub unsafe trait Zeroed: Copy {}

// SAFETY: zero is a number.
unsafe impl Zeroed for u8 {}
// SAFETY: as above.
unsafe impl Zeroed for u16 {}
// SAFETY: as above.
unsafe impl Zeroed for u32 {}
// SAFETY: as above.
unsafe impl Zeroed for u64 {}
// SAFETY: as above.
unsafe impl Zeroed for usize {}

/// A check's memory.
pub struct Area {
    /// The newest mapping.
    last: Cell<usize>,
    cursor: Cell<usize>,
    end: Cell<usize>,
}

impl Area {
    /// An area whose first mapping has room for `bytes`. `None` when there is no memory.
    pub fn new(bytes: usize) -> Option<Area> {
        let area = Area { last: Cell::new(0), cursor: Cell::new(0), end: Cell::new(0) };
        area.grow(bytes).then_some(area)
    }

    /// `count` values, each the default. `None` when there is no memory.
    pub fn alloc_slice<T: Copy + Default>(&self, count: usize) -> Option<&mut [T]> {
        self.alloc_slice_of(count, T::default())
    }

    /// `count` times the same value. `None` when there is no memory.
    #[expect(clippy::mut_from_ref, reason = "every slice is cut off once")]
    pub fn alloc_slice_of<T: Copy>(&self, count: usize, value: T) -> Option<&mut [T]> {
        let place = self.place::<T>(count)?;
        // SAFETY: `place` gives memory for `count` values that nobody else has, until the area goes,
        // which the result's lifetime rules out; all of them are written before the slice is made.
        unsafe {
            (0..count).for_each(|index| place.add(index).write(value));
            Some(slice::from_raw_parts_mut(place, count))
        }
    }

    /// `count` values of zero. Nothing is touched: pages that stay unused cost nothing.
    #[expect(clippy::mut_from_ref, reason = "every slice is cut off once")]
    pub fn alloc_zeroed<T: Zeroed>(&self, count: usize) -> Option<&mut [T]> {
        let place = self.place::<T>(count)?;
        // SAFETY: as above, and a fresh mapping is zeroed, which is a value of the type.
        Some(unsafe { slice::from_raw_parts_mut(place, count) })
    }

    /// Memory for `count` values, zeroed.
    fn place<T>(&self, count: usize) -> Option<*mut T> {
        let bytes = size_of::<T>().checked_mul(count)?;
        if bytes == 0 {
            return Some(ptr::dangling_mut());
        }
        let fits = |start: usize| start.checked_add(bytes).is_some_and(|end| end <= self.end.get());
        let mut start = self.cursor.get().next_multiple_of(align_of::<T>());
        if !fits(start) {
            if !self.grow(bytes.checked_add(align_of::<T>())?) {
                return None;
            }
            start = self.cursor.get().next_multiple_of(align_of::<T>());
        }
        self.cursor.set(start + bytes);
        Some(start as *mut T)
    }

    /// Another mapping, with room for `bytes`.
    fn grow(&self, bytes: usize) -> bool {
        const MAPPING_MIN: usize = 256 * 1024;
        let Some(wanted) = bytes.checked_add(size_of::<Mapping>()) else { return false };
        if wanted > isize::MAX as usize {
            return false;
        }
        let generous = page_round(wanted.max(self.size_of_last()).max(MAPPING_MIN));
        let exact = page_round(wanted);
        let Some((start, bytes)) = mapping::map(generous)
            .map(|start| (start, generous))
            .or_else(|| mapping::map(exact).map(|start| (start, exact)))
        else {
            return false;
        };
        // SAFETY: fresh memory of whole pages, larger than the header.
        unsafe { (start as *mut Mapping).write(Mapping { before: self.last.get(), bytes }) };
        self.last.set(start);
        self.cursor.set(start + size_of::<Mapping>());
        self.end.set(start + bytes);
        true
    }

    fn size_of_last(&self) -> usize {
        match self.last.get() {
            0 => 0,
            // SAFETY: the header of a mapping of this area.
            last => unsafe { (*(last as *const Mapping)).bytes },
        }
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        let mut next = self.last.get();
        while next != 0 {
            // SAFETY: the area's own mapping; slices cut from it cannot outlive the area.
            unsafe {
                let Mapping { before, bytes } = (next as *const Mapping).read();
                mapping::unmap(next, bytes);
                next = before;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_aligned_disjoint_and_grow_over_mappings() {
        let area = Area::new(100).expect("memory");
        let bytes = area.alloc_slice::<u8>(3).expect("memory");
        bytes.fill(1);
        let mut slices = Vec::new();
        for count in (0..40).map(|shift| 1usize << (shift % 20)) {
            let slice = area.alloc_slice::<u64>(count).expect("memory");
            assert!(slice.as_ptr().is_aligned() && slice.iter().all(|value| *value == 0));
            slice.fill(count as u64);
            slices.push(slice);
        }
        assert!(slices.iter().all(|slice| slice.iter().all(|value| *value == slice.len() as u64)));
        assert_eq!(bytes, [1, 1, 1]);
        assert!(area.alloc_zeroed::<u32>(1 << 20).expect("memory").iter().all(|word| *word == 0));
    }

    #[test]
    fn too_much_is_refused_and_the_area_stays_usable() {
        let area = Area::new(0).expect("memory");
        assert!(area.alloc_slice::<u64>(usize::MAX / 4).is_none());
        assert!(area.alloc_zeroed::<u8>(1 << 60).is_none());
        assert_eq!(area.alloc_slice::<u16>(0).map(|slice| slice.len()), Some(0));
        assert_eq!(area.alloc_slice::<u16>(7).map(|slice| slice.len()), Some(7));
    }
}
