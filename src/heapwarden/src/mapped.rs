//! A list that grows in a mapping of its own: for what lasts longer than a report, or must not wait
//! for the private heap's lock.
//!
//! Cost: whole pages, and a copy when it is full. Without memory it takes no more, and says so.

use core::marker::PhantomData;
use core::{mem, slice};
use heapwarden_core::os::{PAGE, mapping, page_round};

use crate::text::Sink;

/// Values side by side.
pub struct List<T: Copy> {
    start: usize,
    bytes: usize,
    length: usize,
    values: PhantomData<T>,
}

impl<T: Copy> List<T> {
    /// Nothing, and no mapping.
    pub const fn new() -> List<T> {
        const { assert!(align_of::<T>() <= PAGE) };
        List { start: 0, bytes: 0, length: 0, values: PhantomData }
    }

    /// The values.
    pub fn as_slice(&self) -> &[T] {
        if self.start == 0 {
            return &[];
        }
        // SAFETY: `length` values were written to the mapping, which is this list's alone.
        unsafe { slice::from_raw_parts(self.start as *const T, self.length) }
    }

    /// The values, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        if self.start == 0 {
            return &mut [];
        }
        // SAFETY: as above.
        unsafe { slice::from_raw_parts_mut(self.start as *mut T, self.length) }
    }

    /// Adds a value; false when there is no memory.
    pub fn push(&mut self, value: T) -> bool {
        self.extend(&[value])
    }

    /// Adds values, all or none; false when there is no memory.
    pub fn extend(&mut self, values: &[T]) -> bool {
        let Some(length) = self.length.checked_add(values.len()) else { return false };
        if !self.has_room(length) {
            return false;
        }
        let place = (self.start as *mut T).wrapping_add(self.length);
        // SAFETY: there is room for that many behind the ones that are there.
        unsafe { place.copy_from_nonoverlapping(values.as_ptr(), values.len()) };
        self.length = length;
        true
    }

    /// Removes all values and keeps the memory.
    pub fn clear(&mut self) {
        self.length = 0;
    }

    fn has_room(&mut self, length: usize) -> bool {
        let Some(wanted) = length.checked_mul(size_of::<T>()) else { return false };
        if wanted <= self.bytes && self.start != 0 {
            return true;
        }
        if wanted > isize::MAX as usize / 2 {
            return false;
        }
        let bytes = page_round(wanted.max(2 * self.bytes).max(PAGE));
        let Some(start) = mapping::map(bytes) else { return false };
        // SAFETY: a fresh mapping, larger than what the old one holds.
        unsafe {
            let values = self.as_slice();
            (start as *mut T).copy_from_nonoverlapping(values.as_ptr(), values.len());
        }
        let larger = List { start, bytes, length: self.length, values: PhantomData };
        drop(mem::replace(self, larger));
        true
    }
}

impl<T: Copy> Default for List<T> {
    fn default() -> List<T> {
        List::new()
    }
}

impl<T: Copy> Drop for List<T> {
    fn drop(&mut self) {
        if self.start != 0 {
            // SAFETY: mapped by `has_room`; slices of it cannot outlive the list.
            unsafe { mapping::unmap(self.start, self.bytes) };
        }
    }
}

impl Sink for List<u8> {
    fn take(&mut self, text: &[u8]) {
        self.extend(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_when_the_list_grows() {
        let mut list = List::new();
        assert!(list.as_slice().is_empty() && list.as_mut_slice().is_empty());
        assert!((0..10_000u64).all(|value| list.push(value)));
        assert!(list.as_slice().iter().copied().eq(0..10_000));
        list.clear();
        assert!(list.extend(&[7, 8]));
        assert_eq!(list.as_slice(), [7, 8]);
    }
}
