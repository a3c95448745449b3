//! Call sites of stacks deeper than is kept of them, however one comes there.

use super::deep_check::{Known, check};
use std::hint::black_box;

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
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
