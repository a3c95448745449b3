//! A ring of freed slots of one size class, owned by one thread.
//!
//! A slot that enters takes a random place; what stood there moves to the cursor's place, and what
//! stood at the cursor leaves. So the order of reuse cannot be predicted, while most slots stay
//! about as many turns as the ring has places.
//! Cost: two swaps; no lock, no atomic.

use core::alloc::{GlobalAlloc, Layout};
#[cfg(test)]
use core::ptr;
use heapwarden_core::PrivateHeap;

/// The fewest and the most places of a ring.
const PLACES: (usize, usize) = (4, 512);

/// One class's ring; without places until it is first used.
pub struct Ring {
    places: *mut usize,
    mask: usize,
    cursor: usize,
}

impl Ring {
    /// A ring without places, as zeroed memory is one.
    #[cfg(test)]
    pub const NONE: Ring = Ring { places: ptr::null_mut(), mask: 0, cursor: 0 };

    /// Gives the ring its places: as many slots of `slot_bytes` as `bytes` hold.
    #[cold]
    fn open(&mut self, bytes: usize, slot_bytes: usize) -> bool {
        let wanted = (bytes / slot_bytes).clamp(PLACES.0, PLACES.1);
        let count = 1 << wanted.ilog2();
        let Ok(layout) = Layout::array::<usize>(count) else { return false };
        // SAFETY: the layout is not empty.
        let places = unsafe { PrivateHeap.alloc_zeroed(layout) };
        if places.is_null() {
            return false;
        }
        (self.places, self.mask, self.cursor) = (places.cast(), count - 1, 0);
        true
    }

    /// Puts a slot in; returns the one that leaves, 0 when none does. Without memory for its
    /// places the ring holds nothing: the slot itself leaves.
    #[inline(always)]
    pub fn pass(&mut self, slot: usize, random: usize, bytes: usize, slot_bytes: usize) -> usize {
        if self.places.is_null() && !self.open(bytes, slot_bytes) {
            return slot;
        }
        // SAFETY: both indexes are masked to the places.
        unsafe {
            let swapped = self.places.add(random & self.mask);
            let moved = swapped.replace(slot);
            let cursor = self.places.add(self.cursor & self.mask);
            self.cursor = self.cursor.wrapping_add(1);
            if cursor == swapped { moved } else { cursor.replace(moved) }
        }
    }

    /// How many slots wait. The owner may be at work: exact only while it rests.
    pub fn count(&self) -> usize {
        if self.places.is_null() {
            return 0;
        }
        // SAFETY: the index is within the places, which are never freed; a place is one word.
        (0..=self.mask)
            .filter(|&place| unsafe { self.places.add(place).read_volatile() } != 0)
            .count()
    }

    /// Takes out any slot; 0 when the ring is empty.
    pub fn take_any(&mut self) -> usize {
        if self.places.is_null() {
            return 0;
        }
        for place in 0..=self.mask {
            // SAFETY: the index is below the number of places.
            let slot = unsafe { self.places.add(place).replace(0) };
            if slot != 0 {
                return slot;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_leaves_exactly_once_and_none_is_invented() {
        let mut ring = Ring::NONE;
        let mut random = 1usize;
        let mut left = std::collections::BTreeSet::new();
        for slot in 1..=10_000usize {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let out = ring.pass(slot, random >> 33, 4096, 64);
            assert!(out == 0 || left.insert(out), "{out} left twice");
        }
        assert_eq!(left.len(), 10_000 - 64);
        assert_eq!(ring.count(), 64);
        loop {
            let out = ring.take_any();
            if out == 0 {
                break;
            }
            assert!(left.insert(out), "{out} left twice");
        }
        assert_eq!(left.len(), 10_000);
        assert_eq!(ring.count(), 0);
    }
}
