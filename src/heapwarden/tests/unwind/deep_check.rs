//! What the caller's call site is, of a stack that is deeper than is kept of it.

use heapwarden::callsite::{self, CallSite};
use heapwarden::unwind::{Purpose, Registers};
use std::collections::HashMap;

/// How many frames are kept.
pub const DEPTH: usize = 12;

/// The call sites that came up, by their frames.
#[derive(Default)]
pub struct Known {
    /// Those of captures.
    pub known: HashMap<Vec<usize>, CallSite>,
    /// Those of frames that were handed over, as a free's are.
    pub freed: HashMap<Vec<usize>, CallSite>,
}

/// Looks at the caller's stack in both ways: the same frames are the same call site.
pub fn check(known: &mut Known) {
    let Known { known, freed } = known;
    let mut frames = [0; DEPTH];
    let count = heapwarden::unwind::capture(&mut frames);
    let site = callsite::here(DEPTH);
    let found = Vec::from_iter(callsite::frames(site).iter());
    // The two calls differ in the innermost frame, which is this function.
    assert_eq!(found[1..], frames[1..count]);
    assert_eq!(*known.entry(found).or_insert(site), site);
    let start = Registers::here();
    // SAFETY: this function's frame.
    let freed_from = unsafe { callsite::here_from(&start, Purpose::Free, DEPTH) };
    let found = Vec::from_iter(callsite::frames(freed_from).iter());
    assert_eq!(found[1..], frames[1..count]);
    assert_eq!(*freed.entry(found).or_insert(freed_from), freed_from);
}
