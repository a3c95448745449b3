//! A recursion far deeper than what is kept of its stacks has few call sites. A process of its own, as they
//! are counted for all threads.

#[path = "unwind/deep_check.rs"]
mod deep_check;

use deep_check::{DEPTH, Known, check};
use heapwarden::callsite;
use std::hint::black_box;

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
