//! heap-buffer-overflow.

use crate::expect::{Block, Case, Damage, Stacks};

const CASE: Case<'static> = Case {
    source: "kind_overflow.c",
    args: &["free"],
    kind: "heap-buffer-overflow",
    action: "WRITE of size 4 at 0x",
    place: "0 bytes after 24-byte region",
    block: Some(Block { size: 24, offset: 24, family: "malloc", state: "live" }),
    damage: Some(Damage { offset: 24, bytes: "31323334" }),
    stacks: Stacks {
        access: &["drop_block", "main"],
        allocated: &["make_block", "main"],
        freed: &[],
    },
    ..Case::NONE
};

#[test]
fn found_by_free() {
    let case = Case { action: "found afterwards by free in thread T0", ..CASE };
    case.is_reported();
    case.has_a_clean_twin();
}

#[test]
fn found_by_realloc() {
    let stacks = Stacks { access: &["resize_block", "main"], ..CASE.stacks };
    let case = Case { args: &["realloc"], found_by: "realloc", stacks, ..CASE };
    case.is_reported();
    case.has_a_clean_twin();
}

#[test]
fn found_by_malloc_usable_size() {
    let stacks = Stacks { access: &["measure_block", "main"], ..CASE.stacks };
    let case = Case { args: &["usable"], found_by: "malloc_usable_size", stacks, ..CASE };
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
fn of_an_aligned_block() {
    let case = Case {
        args: &["aligned"],
        block: Some(Block { family: "memalign", ..CASE.block.unwrap() }),
        stacks: Stacks { allocated: &["make_aligned", "main"], ..CASE.stacks },
        ..CASE
    };
    case.is_reported();
    case.has_a_clean_twin();
}

/// `harden` lets it grow where it is, `debug` moves it.
#[test]
fn of_a_large_block_that_realloc_made_larger() {
    let case = Case {
        args: &["grown"],
        place: "0 bytes after 200000-byte region",
        block: Some(Block { size: 200_000, offset: 200_000, ..CASE.block.unwrap() }),
        damage: Some(Damage { offset: 200_000, bytes: "31323334" }),
        stacks: Stacks { allocated: &["resize_block", "main"], ..CASE.stacks },
        ..CASE
    };
    case.is_reported();
    case.has_a_clean_twin();
}

#[test]
fn of_large_blocks() {
    for (way, size, place) in [
        ("large", 100_000, "0 bytes after 100000-byte region"),
        ("direct", 5_000_000, "0 bytes after 5000000-byte region"),
    ] {
        let case = Case {
            args: &[way],
            place,
            block: Some(Block { size, offset: size as i64, ..CASE.block.unwrap() }),
            damage: Some(Damage { offset: size as i64, bytes: "31323334" }),
            ..CASE
        };
        case.is_reported();
        case.has_a_clean_twin();
    }
}

/// The block above is given back, its header is gone, and the block below is blamed.
#[test]
fn over_the_header_of_the_block_above() {
    let case = Case {
        args: &["neighbour"],
        action: "found afterwards by free in thread T0",
        place: "0 bytes after 40-byte region",
        block: Some(Block { size: 40, offset: 40, ..CASE.block.unwrap() }),
        damage: Some(Damage { offset: 40, bytes: "37373737373737373737373737373737" }),
        ..CASE
    };
    // Where a record is kept, the block whose header is gone is known, too.
    let lines: &[&str] = &["The likely culprit is the neighbour: 40-byte region"];
    Case { lines, ..case.clone() }.is_reported_under("debug");
    case.is_reported_under("harden");
    case.has_a_clean_twin();
}
