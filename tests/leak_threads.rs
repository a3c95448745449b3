//! Leak checks in processes with threads that run, wait, start, fork, or live in a sandbox: nothing
//! they hold looks lost, and none of them notices that it was stopped. The program checks itself.

mod support;

use support::{Run, c_program};

fn check(mode: &str) {
    let Some(program) = c_program("leak_threads.c") else { return };
    Run::of(&program).arg(mode).on("debug").is_ok();
}

#[test]
fn a_hundred_checks_beside_fifty_busy_threads() {
    check("busy");
}

#[test]
fn waits_are_not_interrupted() {
    check("waiting");
}

#[test]
fn threads_that_come_and_go_keep_what_they_were_given() {
    check("starting");
}

#[test]
fn what_the_threads_of_a_parent_held_is_not_the_childs_leak() {
    check("forked");
}

#[test]
fn a_vfork_child_is_not_checked() {
    check("vforked");
}

#[test]
fn a_sandbox_that_forbids_ptrace() {
    check("without-ptrace");
}

#[test]
fn a_sandbox_that_allows_nothing_but_memory() {
    check("strict");
}
