//! Placement policies: which free run serves a request of some pages.
//!
//! `best` searches the large bins and is the default. The textbook's others are here to be
//! watched and measured (docs/fragmentation.md): `first` and `next` walk the heaps in address
//! order, so their cost grows with the number of runs; `worst` looks at the topmost bin.
//! None of them touches the top: it is used when none of them finds anything.

use crate::pages::heap::Heap;
use crate::pages::large_bins::LargeBins;
use crate::pages::run::{Run, RunState};
use core::ptr;

/// Which policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fit {
    /// The shortest run that is long enough.
    Best,
    /// The lowest address.
    First,
    /// The first after the last one taken.
    Next,
    /// The longest run.
    Worst,
}

/// What a policy chooses from.
pub struct Choice<'a> {
    /// The free runs by length.
    pub bins: &'a LargeBins,
    /// The arena's heaps by address, null if there are none.
    pub heaps: *mut Heap,
    /// How many pages are needed.
    pub pages: usize,
}

/// A placement policy: picks a free run of at least `choice.pages`, null if there is none.
pub trait Placement {
    /// Picks. The arena's lock is held.
    fn choose(&mut self, choice: &Choice) -> *mut Run;
}

/// The shortest run that is long enough.
pub struct BestFit;

impl Placement for BestFit {
    fn choose(&mut self, choice: &Choice) -> *mut Run {
        choice.bins.shortest_fit(choice.pages)
    }
}

/// The lowest address.
pub struct FirstFit;

impl Placement for FirstFit {
    fn choose(&mut self, choice: &Choice) -> *mut Run {
        first_from(choice, choice.heaps, 0)
    }
}

/// The first run behind the last one taken, round and round.
pub struct NextFit {
    /// The address the search goes on from.
    pub rover: usize,
}

impl Placement for NextFit {
    fn choose(&mut self, choice: &Choice) -> *mut Run {
        let mut found = first_from(choice, choice.heaps, self.rover);
        if found.is_null() {
            found = first_from(choice, choice.heaps, 0);
        }
        if !found.is_null() {
            // SAFETY: a free run of a live heap.
            self.rover = unsafe { Run::address(found) };
        }
        found
    }
}

/// The longest run.
pub struct WorstFit;

impl Placement for WorstFit {
    fn choose(&mut self, choice: &Choice) -> *mut Run {
        choice.bins.longest(choice.pages)
    }
}

/// The first free run at or above `from` that is long enough, walking run by run.
fn first_from(choice: &Choice, heaps: *mut Heap, from: usize) -> *mut Run {
    let mut heap = heaps;
    while !heap.is_null() {
        // SAFETY: the arena's heaps are live under its lock; below the top each run's first page
        // is described, and the next run starts where it ends.
        unsafe {
            let mut page = 0;
            while page < (*heap).top as usize {
                let run = (*heap).run(page);
                if (*run).state == RunState::Free
                    && (*run).pages as usize >= choice.pages
                    && Run::address(run) >= from
                {
                    return run;
                }
                page += (*run).pages as usize;
            }
            heap = (*heap).next;
        }
    }
    ptr::null_mut()
}

/// The policy in force, with its state.
pub struct Policy {
    fit: Fit,
    next: NextFit,
}

impl Policy {
    /// The policy called `fit`.
    pub const fn new(fit: Fit) -> Self {
        Self { fit, next: NextFit { rover: 0 } }
    }
}

impl Placement for Policy {
    fn choose(&mut self, choice: &Choice) -> *mut Run {
        match self.fit {
            Fit::Best => BestFit.choose(choice),
            Fit::First => FirstFit.choose(choice),
            Fit::Next => self.next.choose(choice),
            Fit::Worst => WorstFit.choose(choice),
        }
    }
}
