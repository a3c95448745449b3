//! Slots that stand ready: nobody's, accessible, and with a clear page in place, so that they are handed
//! out without asking the kernel. There are only few.
//!
//! A place holds a slot, or nothing, or is reserved for a slot that is being made ready. In a forked child
//! a place that was reserved stays so, and is lost.
//! Cost: a look at the places of one cache line, and a compare-and-swap.

use core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::os::PAGE;

/// Pages of such a slot: one for data, and two guards.
pub const PAGES: usize = 3;

const EMPTY: usize = 0;
/// No slot's address.
const RESERVED: usize = 1;
/// Pages in front of the data page: none or one.
const FRONTS: usize = 2;

/// The places for slots with so many guard pages in front.
#[repr(align(64))]
struct Places([AtomicUsize; 8]);

static PLACES: [Places; FRONTS] =
    [const { Places([const { AtomicUsize::new(EMPTY) }; 8]) }; FRONTS];

/// A place that only its holder fills; left empty when it is dropped.
pub struct Reserved(&'static AtomicUsize);

impl Reserved {
    /// From now on the slot can be taken.
    pub fn fill(self, base: usize) {
        debug_assert!(base.is_multiple_of(PAGE));
        // Release: pairs with the Acquire in `take_where`: who takes the slot sees its clear page.
        self.0.store(base, Release);
        core::mem::forget(self);
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.0.store(EMPTY, Relaxed);
    }
}

fn places(front: usize) -> &'static [AtomicUsize] {
    PLACES.get(front).map_or(&[], |places| &places.0)
}

/// A place for a slot with so many guards in front; `None` when there are enough.
pub fn reserve(front: usize) -> Option<Reserved> {
    let is_reserved = |place: &&AtomicUsize| {
        place.load(Relaxed) == EMPTY
            && place.compare_exchange(EMPTY, RESERVED, Relaxed, Relaxed).is_ok()
    };
    places(front).iter().find(is_reserved).map(Reserved)
}

/// A slot with so many guards in front.
pub fn take(front: usize) -> Option<usize> {
    places(front).iter().find_map(|place| {
        let base = place.load(Relaxed);
        // Acquire: pairs with the Release in `fill`.
        let is_taken =
            base > RESERVED && place.compare_exchange(base, EMPTY, Acquire, Relaxed).is_ok();
        is_taken.then_some(base)
    })
}

/// Any of them.
pub fn take_any() -> Option<usize> {
    (0..FRONTS).find_map(take)
}

/// Calls `visit` with the address of every slot.
pub fn visit(visit: &mut dyn FnMut(usize)) {
    let places = PLACES.iter().flat_map(|places| &places.0);
    places.map(|place| place.load(Relaxed)).filter(|base| *base > RESERVED).for_each(visit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_a_place_is_taken_once_and_a_place_that_is_not_filled_is_free_again() {
        let held: Vec<_> = std::iter::from_fn(|| reserve(0)).collect();
        assert_eq!(held.len(), 8);
        assert_eq!(take(0), None, "nothing is ready yet");
        drop(held);
        reserve(0).expect("a place").fill(7 * PAGE);
        assert_eq!(take(1), None, "of another shape");
        assert_eq!((take(0), take(0)), (Some(7 * PAGE), None));
        assert!(reserve(FRONTS).is_none());
    }
}
