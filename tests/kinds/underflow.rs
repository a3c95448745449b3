//! heap-buffer-underflow.

use crate::expect::{Block, Case, Damage, Stacks};

const CASE: Case<'static> = Case {
    source: "kind_underflow.c",
    args: &["free"],
    kind: "heap-buffer-underflow",
    action: "WRITE of size 2 at 0x",
    place: "2 bytes before 24-byte region",
    block: Some(Block { size: 24, offset: -2, family: "malloc", state: "live" }),
    damage: Some(Damage { offset: -2, bytes: "1234" }),
    stacks: Stacks {
        access: &["drop_block", "main"],
        allocated: &["make_block", "main"],
        freed: &[],
    },
    ..Case::NONE
};

#[test]
fn found_by_free() {
    CASE.is_reported();
    CASE.has_a_clean_twin();
}

#[test]
fn found_by_realloc() {
    let stacks = Stacks { access: &["resize_block", "main"], ..CASE.stacks };
    let case = Case { args: &["realloc"], found_by: "realloc", stacks, ..CASE };
    case.is_reported();
    case.has_a_clean_twin();
}

#[test]
fn found_at_exit_in_a_block_that_is_never_freed() {
    let stacks = Stacks { access: &[], ..CASE.stacks };
    let case = Case { args: &["exit"], found_by: "exit check", stacks, ..CASE };
    case.is_reported();
    case.has_a_clean_twin();
}

#[test]
fn of_large_blocks() {
    for (way, size, place) in [
        ("large", 100_000, "2 bytes before 100000-byte region"),
        ("direct", 5_000_000, "2 bytes before 5000000-byte region"),
    ] {
        let block = Some(Block { size, ..CASE.block.unwrap() });
        let case = Case { args: &[way], place, block, ..CASE };
        case.is_reported();
        case.has_a_clean_twin();
    }
}

/// Of an aligned block: its header, and the canary before that.
#[test]
fn of_an_aligned_block() {
    let stacks = Stacks { allocated: &["make_aligned", "main"], ..CASE.stacks };
    for (way, offset, place) in [
        ("aligned", -2, "2 bytes before 24-byte region"),
        ("gap", -14, "14 bytes before 24-byte region"),
    ] {
        let case = Case {
            args: &[way],
            place,
            block: Some(Block { offset, family: "memalign", ..CASE.block.unwrap() }),
            damage: Some(Damage { offset, bytes: "1234" }),
            stacks,
            ..CASE
        };
        case.is_reported();
        case.has_a_clean_twin();
    }
}
