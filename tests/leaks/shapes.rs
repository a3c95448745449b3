//! The shapes that lost memory has: what nobody points to, what only that leads to, rings.

use crate::answer::{Answer, Record};
use crate::support::c_program;

fn shape(name: &str, answer: Answer<'_>) {
    let Some(program) = c_program("leak_shapes.c") else { return };
    answer.is_given_for(&program, &[name]);
}

#[test]
fn one_block() {
    let records = &[Record::new("definite", "direct", (100, 1))];
    shape("direct", Answer { definite: (100, 1), records, ..Answer::default() });
}

#[test]
fn blocks_of_one_place_are_told_together() {
    let records = &[Record::new("definite", "several", (300, 10))];
    shape("several", Answer { definite: (300, 10), records, ..Answer::default() });
}

#[test]
fn a_list_is_lost_with_its_head() {
    let records =
        &[Record::new("definite", "list", (24, 1)), Record::new("indirect", "list", (96, 4))];
    let answer = Answer { definite: (24, 1), indirect: (96, 4), records, ..Answer::default() };
    shape("list", answer);
}

#[test]
fn a_tree_is_lost_with_its_root() {
    let answer = Answer { definite: (32, 1), indirect: (192, 6), ..Answer::default() };
    shape("tree", answer);
}

#[test]
fn a_ring_is_one_finding() {
    let records = &[Record::cycle("ring", (120, 3))];
    shape("ring", Answer { definite: (120, 3), records, ..Answer::default() });
}

#[test]
fn a_doubly_linked_ring_is_one_finding() {
    let records = &[Record::cycle("double_ring", (192, 4))];
    shape("double-ring", Answer { definite: (192, 4), records, ..Answer::default() });
}

#[test]
fn what_hangs_on_a_ring_is_lost_with_it() {
    let records = &[Record::cycle("ring_with_tail", (80, 2))];
    let answer = Answer { definite: (80, 2), indirect: (128, 2), records, ..Answer::default() };
    shape("ring-with-tail", answer);
}

#[test]
fn a_block_that_points_to_itself_is_no_cycle() {
    let records = &[Record::new("definite", "loner", (56, 1))];
    shape("loner", Answer { definite: (56, 1), records, ..Answer::default() });
}

#[test]
fn what_a_variable_leads_to_is_not_lost() {
    // The head and the rest come from one line, but not by one call.
    shape("reachable", Answer::default());
}

#[test]
fn a_pointer_to_the_middle_leaves_it_open() {
    let answer = Answer { possible: (272, 2), ..Answer::default() };
    shape("interior", answer);
}

#[test]
fn a_pointer_to_the_start_counts_more() {
    shape("both", Answer::default());
}

#[test]
fn blocks_of_every_size() {
    let records = &[Record::new("definite", "large", (300_000, 1))];
    shape("large", Answer { definite: (300_000, 1), records, ..Answer::default() });
    let answer = Answer { definite: (20 << 20, 1), indirect: (24, 1), ..Answer::default() };
    shape("huge", answer);
    let records = &[Record::new("definite", "aligned", (512, 1))];
    shape("aligned", Answer { definite: (512, 1), records, ..Answer::default() });
}

#[test]
fn nothing_is_said_when_nothing_is_lost() {
    shape("nothing", Answer::default());
}
