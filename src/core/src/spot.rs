//! One look into the page map, for a path that asks several things about one address.

use crate::os::PAGE;
use crate::pages::page_map::{Granule, Owner, granule};
use crate::slabs::size_class::TABLE;
use core::sync::atomic::AtomicUsize;

/// Where an address lies, as the page map knows it.
#[derive(Clone, Copy)]
pub struct Spot {
    address: usize,
    granule: &'static Granule,
}

impl Spot {
    /// The spot of an address, of which nothing is assumed; `None` where no memory of ours can be.
    /// Cost: two loads.
    #[inline(always)]
    pub fn of(address: usize) -> Option<Spot> {
        granule(address).map(|granule| Spot { address, granule })
    }

    /// What [`class_at`](crate::class_at) says. Cost: two loads more.
    #[inline(always)]
    pub fn class(self) -> u8 {
        self.granule.class(self.address)
    }

    /// The word for the layer above of the slab of `class` in which a slot starts here, and the slot's
    /// number: what [`place`] finds, for the paths that need no more.
    /// Cost: a load of the page map, two for the run, a multiplication.
    #[inline(always)]
    pub fn slab_word(self, class: usize) -> Option<(&'static AtomicUsize, usize)> {
        let Some(Owner::Heap(heap)) = self.granule.owner() else { return None };
        // SAFETY: the page map says that the address lies in this heap; descriptors of runs are never
        // unmapped.
        unsafe {
            let page = (*heap).first_page((*heap).page_of(self.address));
            let run = (*heap).run(page);
            debug_assert!((*run).class as usize == class);
            // Where slots start within the slab is less than a slot, and does not matter.
            let offset = (self.address - (*heap).base - page * PAGE) as u64;
            let number = (offset * u64::from(TABLE.get(class)?.reciprocal)) >> 32;
            Some((&(*run).extension, number as usize))
        }
    }
}

/// The word for the layer above of the slab of `class` that `slot` lies in, and the slot's number.
#[inline]
pub fn slab_word(slot: usize, class: usize) -> Option<(&'static AtomicUsize, usize)> {
    Spot::of(slot)?.slab_word(class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{allocate, class_at, free, place};

    #[test]
    fn a_slot_has_the_same_number_and_word_as_its_place() {
        let blocks: Vec<usize> = (1..400).map(|step| allocate(step * 37) as usize).collect();
        for block in &blocks {
            let spot = Spot::of(*block).expect("a block of ours");
            assert_eq!(spot.class(), class_at(*block));
            let place = place(*block).expect("a slot");
            let (word, number) = spot.slab_word(place.class.into()).expect("a slot's word");
            assert_eq!((word.as_ptr(), number), (place.extension.as_ptr(), place.slot));
        }
        for block in blocks {
            // SAFETY: allocated above, and not used any more.
            unsafe { free(block as *mut u8) }.expect("a live block");
        }
    }

    #[test]
    fn there_is_no_class_where_nothing_of_ours_is() {
        let local = 0u8;
        for address in [0, 1, usize::MAX, 1 << 47, (&raw const local).addr()] {
            assert_eq!(Spot::of(address).map_or(0, Spot::class), 0, "{address:#x}");
        }
    }
}
