//! Pointers as C++ and Rust leave them.

use crate::answer::{Answer, Record};
use crate::support::{c_program, rust_program};

fn cxx(what: &str, answer: Answer<'_>) {
    let Some(program) = c_program("leak_cxx.cpp") else { return };
    answer.is_given_for(&program, &[what]);
}

fn rust(what: &str, answer: Answer<'_>) {
    let Some(program) = rust_program("leak_cycle.rs") else { return };
    answer.is_given_for(&program, &[what]);
}

#[test]
fn an_array_is_known_behind_its_count() {
    let records = &[Record::new("reachable", "keep_array", (48, 1))];
    cxx("array", Answer { records, ..Answer::default() });
}

#[test]
fn a_lost_array() {
    let records = &[Record::new("definite", "lose_array", (64, 1))];
    cxx("lost-array", Answer { definite: (64, 1), records, ..Answer::default() });
}

#[test]
fn an_object_is_known_by_its_second_base() {
    let records = &[Record::new("reachable", "keep_second_base", (112, 1))];
    cxx("second-base", Answer { records, ..Answer::default() });
}

#[test]
fn a_lost_object() {
    let records = &[Record::new("definite", "lose_object", (112, 1))];
    cxx("lost-object", Answer { definite: (112, 1), records, ..Answer::default() });
}

#[test]
fn a_cycle_of_rc() {
    let records = &[Record::cycle("make_rc_cycle", (80, 2))];
    rust("cycle", Answer { definite: (80, 2), records, ..Answer::default() });
}

#[test]
fn an_arc_is_known_behind_its_counts() {
    let records = &[Record::new("reachable", "keep_arc", (48, 1))];
    rust("arc", Answer { records, ..Answer::default() });
}

#[test]
fn a_rust_program_that_does_nothing_loses_nothing() {
    rust("nothing", Answer::default());
}
