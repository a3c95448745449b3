//! Where a pointer may be for its block to count as reachable: the program keeps one in exactly one
//! place, asks for a leak check by `heapwarden_leak_check`, takes the pointer away, and asks again.

mod support;

use support::{Run, c_library, c_program};

fn kept_in(place: &str) {
    let Some(program) = c_program("leak_places.c") else { return };
    Run::of(&program).arg(place).on("debug").is_ok();
}

fn kept_in_library(place: &str) {
    let Some(program) = c_program("leak_places.c") else { return };
    let library = c_library("leak_place.c").expect("the compiler is there");
    Run::of(&program).arg(place).arg(library).on("debug").is_ok();
}

#[test]
fn variables_of_the_program() {
    kept_in("variable");
    kept_in("local");
}

#[test]
fn mappings_of_the_program() {
    kept_in("mapped");
}

#[test]
fn registers_of_a_thread_that_runs() {
    kept_in("register");
    kept_in("vector");
}

#[test]
fn stacks_of_other_threads() {
    kept_in("stack");
    kept_in("red-zone");
}

#[test]
fn the_stack_of_a_thread_that_blocks_every_signal() {
    kept_in("blocked");
}

#[test]
fn the_stack_of_a_thread_that_cannot_be_stopped() {
    kept_in("deaf");
}

#[test]
fn the_stack_below_an_alternate_one() {
    kept_in("alternate");
}

#[test]
fn the_stacks_of_coroutines() {
    kept_in("coroutine");
    kept_in("heap-coroutine");
}

#[test]
fn thread_specific_data() {
    kept_in("key");
    kept_in("late-key");
}

#[test]
fn thread_local_variables_of_another_thread() {
    kept_in("thread-local");
}

#[test]
fn thread_local_variables_of_a_library_that_was_opened_later() {
    kept_in_library("library-local");
    kept_in_library("library");
}

#[test]
fn the_result_of_a_thread_that_was_not_joined() {
    kept_in("result");
}
