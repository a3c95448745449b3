//! Where a pointer may be for its block to count as reachable: the programs keep one in exactly one
//! place, ask for a leak check by `heapwarden_leak_check`, and compare.

mod support;

use support::{CHECKED, Run, c_program};

fn kept_in(place: &str) {
    let Some(program) = c_program("leak_places.c") else { return };
    for profile in CHECKED {
        Run::of(&program).arg(place).on(profile).is_ok();
    }
}

#[test]
fn a_variable() {
    kept_in("variable");
}

#[test]
fn a_thread_local_variable_of_the_program() {
    kept_in("local");
}

#[test]
fn a_mapping_is_no_such_place() {
    kept_in("mapped");
}
