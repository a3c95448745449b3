//! double-free: exact while the block is in quarantine.

use crate::expect::{Block, Case, Stacks, is_silent};

const CASE: Case<'static> = Case {
    source: "kind_double_free.c",
    args: &["free"],
    kind: "double-free",
    action: "free() of a block that was freed before, in thread T0",
    place: "0 bytes inside of 24-byte region",
    block: Some(Block { size: 24, offset: 0, family: "malloc", state: "freed" }),
    stacks: Stacks {
        access: &["drop_again", "main"],
        allocated: &["make_block", "main"],
        freed: &["drop_block", "main"],
    },
    ..Case::NONE
};

const AGAIN: Case<'static> = Case {
    args: &["realloc"],
    action: "realloc() of a block that was freed before, in thread T0",
    found_by: "realloc",
    stacks: Stacks { access: &["resize_again", "main"], ..CASE.stacks },
    ..CASE
};

#[test]
fn by_free() {
    CASE.is_reported();
    CASE.has_a_clean_twin();
}

#[test]
fn of_a_block_that_another_thread_freed() {
    let freed = &["drop_block", "drop_in_thread"];
    Case { args: &["thread"], stacks: Stacks { freed, ..CASE.stacks }, ..CASE }.is_reported();
}

#[test]
fn a_stale_realloc() {
    AGAIN.is_reported();
}

#[test]
fn the_size_of_a_freed_block() {
    Case {
        args: &["usable"],
        action: "malloc_usable_size() of a block that was freed before, in thread T0",
        found_by: "malloc_usable_size",
        stacks: Stacks { access: &["measure_again", "main"], ..CASE.stacks },
        ..CASE
    }
    .is_reported();
}

#[test]
fn of_large_blocks() {
    for (free, realloc, size, place) in [
        ("large", "realloc-large", 100_000, "0 bytes inside of 100000-byte region"),
        ("direct", "realloc-direct", 5_000_000, "0 bytes inside of 5000000-byte region"),
    ] {
        let block = Some(Block { size, ..CASE.block.unwrap() });
        Case { args: &[free], place, block, ..CASE }.is_reported();
        Case { args: &[realloc], place, block, ..AGAIN }.is_reported();
        is_silent(CASE.source, &[free, "clean"], &[]);
    }
}
