//! Call sites of stacks deeper than is kept of them, however one comes there.

use heapwarden::callsite::{self, CallSite};
use heapwarden::unwind::{Purpose, Registers};
use std::collections::HashMap;
use std::hint::black_box;

const DEPTH: usize = 12;

#[derive(Default)]
struct Known {
    known: HashMap<Vec<usize>, CallSite>,
    /// Those of frames that were handed over, as a free's are.
    freed: HashMap<Vec<usize>, CallSite>,
}

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn check(known: &mut Known) {
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

/// Goes down and up at random, on two ways, and looks now and then.
#[inline(never)]
fn wander(levels: u32, state: &mut u64, known: &mut Known) {
    let choice = random(state);
    if choice & 3 == 0 {
        check(known);
    }
    if levels > 0 {
        // Different before and after, so that the compiler makes two calls of them.
        if choice & 4 == 0 {
            black_box(0);
            wander(levels - 1, state, known);
            black_box(1);
        } else {
            black_box(2);
            wander(levels - 1, state, known);
            black_box(3);
        }
    }
    if choice & 24 == 0 {
        check(known);
    }
    black_box(choice);
}

#[test]
fn the_same_innermost_frames_are_the_same_call_site() {
    let mut known = Known::default();
    let mut state = 1;
    for round in 0..60 {
        wander(round * 3, &mut state, &mut known);
        // On a thread of its own all that is remembered is what lies further in.
        std::thread::scope(|scope| {
            scope.spawn(|| wander(40, &mut state, &mut known));
        });
    }
    assert!(known.known.len() > 500, "{}", known.known.len());
}

/// A recursion far deeper than what a thread remembers, looked at on the way back.
#[inline(never)]
fn sink(levels: u32, known: &mut Known) {
    if levels > 0 {
        sink(levels - 1, known);
    }
    check(known);
    black_box(levels);
}

#[test]
fn a_deep_recursion_has_few_call_sites() {
    let mut known = Known::default();
    sink(2_000, &mut known);
    // Of the innermost, those in between, and one for each that sees the start of it.
    assert!(known.known.len() <= 2 * DEPTH + 2, "{}", known.known.len());
    assert!(known.freed.len() <= 2 * DEPTH + 2, "{}", known.freed.len());
    let before = callsite::count();
    sink(2_000, &mut known);
    sink(1_000, &mut known);
    assert!(known.known.len() <= 4 * DEPTH + 4, "{}", known.known.len());
    assert!(callsite::count() - before < 200, "{}", callsite::count() - before);
}
