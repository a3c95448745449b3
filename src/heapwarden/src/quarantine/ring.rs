//! A ring of freed slots of one size class, owned by one thread.
//!
//! A slot that enters takes a random place; what stood there moves to the cursor's place, and what
//! stood at the cursor leaves. So the order of reuse cannot be predicted, while most slots stay
//! about as many turns as the ring has places.
//! Cost: two swaps; no lock, no atomic.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use core::ptr;
use heapwarden_core::PrivateHeap;

/// The fewest and the most places of a ring.
const PLACES: (usize, usize) = (4, 512);

/// One class's ring; without places until it is opened.
#[repr(C)]
pub struct Ring {
    places: *mut usize,
    /// The number of the last place.
    mask: u32,
    /// Which place the next slot leaves from.
    cursor: u32,
    /// Bytes of a slot.
    slot_bytes: usize,
    /// So that rings lie as far from each other as the thread's stacks do: one offset serves both.
    _spare: usize,
}

impl Ring {
    /// A ring without places for slots of `slot_bytes`.
    pub const fn closed(slot_bytes: usize) -> Self {
        Self { places: ptr::null_mut(), mask: 0, cursor: 0, slot_bytes, _spare: 0 }
    }

    /// Whether it has places.
    #[inline(always)]
    pub fn is_open(&self) -> bool {
        !self.places.is_null()
    }

    /// Bytes of a slot.
    #[inline(always)]
    pub fn slot_bytes(&self) -> usize {
        self.slot_bytes
    }

    /// Gives a closed ring its places: as many slots as `bytes` hold. False without memory.
    #[cold]
    pub fn open(&mut self, bytes: usize) -> bool {
        let wanted = (bytes / self.slot_bytes).clamp(PLACES.0, PLACES.1);
        let count = 1 << wanted.ilog2();
        let Ok(layout) = Layout::array::<usize>(count) else { return false };
        // SAFETY: the layout is not empty.
        let places = unsafe { PrivateHeap.alloc_zeroed(layout) };
        if places.is_null() {
            return false;
        }
        (self.places, self.mask, self.cursor) = (places.cast(), count as u32 - 1, 0);
        true
    }

    /// Puts a slot in; returns the one that leaves, 0 when none does.
    ///
    /// # Safety
    /// The ring is open.
    #[inline(always)]
    pub unsafe fn pass(&mut self, slot: usize, random: u32) -> usize {
        debug_assert!(self.is_open());
        // SAFETY: the caller's promise; both numbers are masked to the places.
        unsafe {
            let oldest = self.places.add(self.cursor as usize);
            let swapped = self.places.add((random & self.mask) as usize);
            self.cursor = (self.cursor + 1) & self.mask;
            let leaving = *oldest;
            *oldest = *swapped;
            // The last store counts when the two are one place: the slot takes the leaving one's.
            *swapped = slot;
            leaving
        }
    }

    /// Has the random place that [`pass`](Self::pass) will change brought into the processor's caches.
    #[inline(always)]
    pub fn fetch(&self, random: u32) {
        let place = self.places.wrapping_add((random & self.mask) as usize);
        // SAFETY: SSE is part of x86-64; a prefetch does nothing to memory.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) };
    }

    /// How many slots wait. The owner may be at work: exact only while it rests.
    pub fn count(&self) -> usize {
        if self.places.is_null() {
            return 0;
        }
        // SAFETY: the index is within the places, which are never freed; a place is one word.
        (0..=self.mask as usize)
            .filter(|&place| unsafe { self.places.add(place).read_volatile() } != 0)
            .count()
    }

    /// Takes out the first slot at `place` or behind, and moves `place` behind it; 0 when there is
    /// none.
    pub fn take_from(&mut self, place: &mut usize) -> usize {
        if self.places.is_null() {
            return 0;
        }
        while *place <= self.mask as usize {
            // SAFETY: the index is below the number of places.
            let slot = unsafe { self.places.add(*place).replace(0) };
            *place += 1;
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
        let mut ring = Ring::closed(64);
        assert!(ring.open(4096));
        let mut random = 1usize;
        let mut left = std::collections::BTreeSet::new();
        for slot in 1..=10_000usize {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            // SAFETY: opened above.
            let out = unsafe { ring.pass(slot, (random >> 33) as u32) };
            assert!(out == 0 || left.insert(out), "{out} left twice");
        }
        assert_eq!(left.len(), 10_000 - 64);
        assert_eq!(ring.count(), 64);
        let mut place = 0;
        loop {
            let out = ring.take_from(&mut place);
            if out == 0 {
                break;
            }
            assert!(left.insert(out), "{out} left twice");
        }
        assert_eq!(left.len(), 10_000);
        assert_eq!(ring.count(), 0);
    }
}
