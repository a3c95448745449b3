//! A vector in the memory of a check: it moves to twice the room when it is full, and the old room is
//! lost until the check ends.

use crate::scan::area::Area;
use core::mem::{MaybeUninit, align_of, needs_drop, size_of};
use core::slice;

/// The vector.
pub struct List<'a, T> {
    memory: &'a Area,
    room: &'a mut [MaybeUninit<T>],
    count: usize,
}

impl<'a, T> List<'a, T> {
    /// An empty list.
    pub fn new(memory: &'a Area) -> Self {
        const { assert!(align_of::<T>() <= align_of::<u64>() && !needs_drop::<T>()) };
        Self { memory, room: &mut [], count: 0 }
    }

    /// Appends a value and returns its place. `None` when there is no memory.
    pub fn push(&mut self, value: T) -> Option<usize> {
        if self.count == self.room.len() {
            self.grow()?;
        }
        self.room[self.count].write(value);
        self.count += 1;
        Some(self.count - 1)
    }

    fn grow(&mut self) -> Option<()> {
        let count = (2 * self.room.len()).max(16);
        let words = self.memory.alloc_zeroed::<u64>((count * size_of::<T>()).div_ceil(8))?;
        // SAFETY: the words are ours alone as long as the area lives, large and aligned enough (see
        // `new`), and need not hold values.
        let room = unsafe { slice::from_raw_parts_mut(words.as_mut_ptr().cast(), count) };
        for (to, from) in room.iter_mut().zip(&self.room[..self.count]) {
            // SAFETY: a bitwise move; the old place is not read again.
            unsafe { core::ptr::copy_nonoverlapping(from, to, 1) };
        }
        self.room = room;
        Some(())
    }

    /// The values.
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: so many were written.
        unsafe { slice::from_raw_parts(self.room.as_ptr().cast(), self.count) }
    }

    /// The values, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts_mut(self.room.as_mut_ptr().cast(), self.count) }
    }

    /// The values, for as long as the memory of the check lives.
    pub fn finish(self) -> &'a mut [T] {
        // SAFETY: as above; the list goes, so this is the only reference.
        unsafe { slice::from_raw_parts_mut(self.room.as_mut_ptr().cast(), self.count) }
    }
}
