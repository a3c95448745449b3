//! The mappings that the library made for itself, so that a scan of the program's memory can leave
//! them out.
//!
//! A table of fixed size without a lock: mappings are made under many locks, and in signal handlers.
//! Cost: a look along the used part of the table beside a system call.

use crate::field;
use crate::layout::Fact;
use core::ops::Range;
use core::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

/// Chunks of the private heap have 256 KiB or more: this is enough for a GiB of tables.
const PLACES: usize = 4096;

struct Place {
    /// 0: free; 1: being filled in.
    start: AtomicUsize,
    end: AtomicUsize,
}

static TABLE: [Place; PLACES] =
    [const { Place { start: AtomicUsize::new(0), end: AtomicUsize::new(0) } }; PLACES];
/// No place from here on was ever used.
static USED: AtomicUsize = AtomicUsize::new(0);
static OVERFLOWED: AtomicBool = AtomicBool::new(false);

const FILLING: usize = 1;

/// Notes a mapping.
pub fn note(start: usize, bytes: usize) {
    for (number, place) in TABLE.iter().enumerate() {
        // Acquire: pairs with the Release in `forget`: the end is not overtaken by the old one's.
        if place.start.load(Relaxed) == 0
            && place.start.compare_exchange(0, FILLING, Acquire, Relaxed).is_ok()
        {
            place.end.store(start + bytes, Relaxed);
            // Release: pairs with the Acquire in `visit`: the end is seen with the start.
            place.start.store(start, Release);
            USED.fetch_max(number + 1, Relaxed);
            return;
        }
    }
    OVERFLOWED.store(true, Relaxed);
}

/// Forgets the mapping that starts there, if it was noted.
pub fn forget(start: usize) {
    let used = USED.load(Relaxed);
    if let Some(place) = TABLE[..used].iter().find(|place| place.start.load(Relaxed) == start) {
        // Release: pairs with the Acquire of who takes the place next.
        place.start.store(0, Release);
    }
}

/// Calls `visit` with each of them. False when some were not noted for want of a place.
pub fn visit(visit: &mut dyn FnMut(Range<usize>)) -> bool {
    for place in &TABLE[..USED.load(Relaxed)] {
        // Acquire: pairs with the Release in `note`.
        let start = place.start.load(Acquire);
        if start > FILLING {
            visit(start..place.end.load(Relaxed));
        }
    }
    !OVERFLOWED.load(Relaxed)
}

/// For debuggers.
pub static FACTS: [Fact; 6] = [
    Fact::place("own", &raw const TABLE),
    Fact::place("own.used", &raw const USED),
    Fact::number("own.filling", FILLING),
    Fact::number("Place", size_of::<Place>()),
    field!(Place, start),
    field!(Place, end),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::{PAGE, mapping};

    #[test]
    fn a_mapping_is_listed_as_long_as_it_is_there() {
        let start = mapping::map(3 * PAGE).expect("memory");
        let is_listed = || {
            let mut found = false;
            assert!(visit(&mut |range| found |= range == (start..start + 3 * PAGE)));
            found
        };
        assert!(is_listed());
        // SAFETY: mapped above.
        unsafe { mapping::unmap(start, 3 * PAGE) };
        assert!(!is_listed());
    }
}
