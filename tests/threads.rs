//! Threads of all kinds: tiny stacks, short lives, late destructors, signals, cancellation, and
//! blocks that are freed by others than those who made them.

mod support;

use support::{PROFILES, Run, c_program, self_checking};

#[test]
fn the_smallest_stack_is_enough() {
    self_checking("threads_minimum_stack.c", &[]);
}

#[test]
fn threads_in_turn_leave_nothing_behind() {
    self_checking("threads_in_turn.c", &["3000"]);
}

#[test]
fn key_destructors_free_and_allocate() {
    self_checking("threads_key_destructors.c", &[]);
}

#[test]
fn a_thread_that_allocates_only_while_it_ends() {
    self_checking("threads_first_use_in_destructor.c", &[]);
}

#[test]
fn sixty_four_threads_hand_blocks_round() {
    self_checking("threads_handing_blocks.c", &["200"]);
}

#[test]
fn blocks_of_a_producer_come_home() {
    self_checking("threads_producer.c", &[]);
}

#[test]
fn detached_threads() {
    self_checking("threads_detached.c", &[]);
}

#[test]
fn cancelled_threads() {
    self_checking("threads_cancelled.c", &[]);
}

#[test]
fn timer_signals_during_malloc() {
    self_checking("threads_signals.c", &[]);
}

#[test]
fn main_leaves_before_its_threads() {
    self_checking("threads_main_leaves.c", &[]);
}

/// Every placement policy, and settings at their extremes: one arena for all threads, free pages
/// given back at once, mappings of their own for blocks of 64 KiB.
#[test]
fn every_setting_of_the_heap() {
    let Some(program) = c_program("threads_handing_blocks.c") else { return };
    let settings = [
        "fit=best",
        "fit=first",
        "fit=next",
        "fit=worst",
        "arenas=1",
        "arenas=3",
        "decay_ms=0",
        "direct_threshold=65536",
        "stats=0:fit=next:arenas=2:decay_ms=0:direct_threshold=131072",
    ];
    for profile in PROFILES {
        for setting in settings {
            let run = Run::of(&program).arg("50");
            setting.split(':').fold(run, |run, option| run.option(option)).on(profile).is_ok();
        }
    }
}
