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
