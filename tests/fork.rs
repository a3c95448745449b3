//! `fork` and its relatives: the child of a busy process must find an allocator that works.
//!
//! Hazards: glibc runs atfork handlers before it takes its stdio locks, threads that held a lock of
//! the allocator do not exist in the child, `_Fork` and `vfork` run no handler at all, and a signal
//! handler may fork in the middle of malloc. A deadlock shows as a timeout with stacks.

mod support;

use support::{CHECKED, UNCHECKED, self_checking, self_checking_under};

#[test]
fn hundreds_of_forks_among_threads_in_malloc_and_stdio() {
    self_checking_under(UNCHECKED, "fork_busy_threads.c", &["1000", "fork"]);
    // Fewer: a checked child verifies the whole heap when it ends.
    self_checking_under(CHECKED, "fork_busy_threads.c", &["300", "fork"]);
}

#[test]
fn the_first_requests_in_a_child_come_from_many_threads() {
    self_checking("fork_first_requests.c", &["500"]);
}

#[test]
fn raw_forks_among_threads_in_malloc_and_stdio() {
    self_checking("fork_busy_threads.c", &["300", "_Fork"]);
}

#[test]
fn raw_forks_of_a_program_without_threads() {
    self_checking("fork_raw.c", &["50"]);
}

#[test]
fn forks_while_sixteen_threads_hold_the_arenas() {
    self_checking("fork_held_arenas.c", &["60"]);
}

#[test]
fn children_of_children_with_threads() {
    self_checking("fork_generations.c", &["20"]);
}

#[test]
fn vfork_posix_spawn_system_and_popen() {
    self_checking("spawn_variants.c", &["10"]);
}

#[test]
fn fork_in_a_signal_handler_that_interrupts_malloc() {
    self_checking("fork_in_handler.c", &["leave"]);
}

#[test]
fn fork_in_a_signal_handler_whose_child_goes_on() {
    self_checking("fork_in_handler.c", &["return"]);
}
