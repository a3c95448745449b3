//! Stacks of Rust code, in whatever profile the tests are built with.

use crate::cross_check::{check, finish};
use std::hint::black_box;

#[test]
fn a_plain_stack() {
    check();
    check();
    assert_eq!(finish(), 2);
}

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Calls itself from two places and checks on the way down, on the way up, or not.
#[inline(never)]
fn wander(depth: u32, state: &mut u64) {
    let room = black_box([depth; 5]);
    let choice = random(state);
    if choice & 3 == 0 {
        check();
    }
    if depth > 0 {
        if choice & 4 == 0 {
            wander(depth - 1, state);
        } else {
            wander((choice >> 8) as u32 % depth, state);
        }
    }
    if choice & 24 == 0 {
        check();
    }
    black_box(room);
}

#[test]
fn recursion_with_changing_depth() {
    let mut state = 1;
    for round in 0..40 {
        wander(round * 5, &mut state);
        check();
    }
    assert!(finish() > 200);
}
