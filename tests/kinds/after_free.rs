//! heap-use-after-free: writes that change the fill of a freed block.

use crate::expect::{Block, Case, Damage, Stacks};

const CASE: Case<'static> = Case {
    source: "kind_use_after_free.c",
    args: &["exit"],
    kind: "heap-use-after-free",
    action: "WRITE of size 5 at 0x",
    found_by: "exit check",
    place: "8 bytes inside of 200-byte region",
    block: Some(Block { size: 200, offset: 8, family: "malloc", state: "freed" }),
    damage: Some(Damage { offset: 8, bytes: "6c61746521" }),
    lines: &["late!"],
    stacks: Stacks {
        access: &[],
        allocated: &["make_block", "main"],
        freed: &["drop_block", "main"],
    },
    ..Case::NONE
};

#[test]
fn found_at_exit() {
    CASE.is_reported();
    CASE.has_a_clean_twin();
}

#[test]
fn found_when_the_block_leaves_the_quarantine() {
    let case = Case {
        args: &["quarantine"],
        options: &["quarantine_mb=0", "ring_kb=1"],
        found_by: "quarantine check",
        stacks: Stacks { access: &["main"], ..CASE.stacks },
        ..CASE
    };
    // `harden` verifies it when it is to be used again, or at exit.
    case.is_reported_under("debug");
    case.has_a_clean_twin();
}

#[test]
fn of_a_large_block() {
    let case = Case {
        args: &["large"],
        place: "8 bytes inside of 100000-byte region",
        block: Some(Block { size: 100_000, ..CASE.block.unwrap() }),
        ..CASE
    };
    case.is_reported();
    case.has_a_clean_twin();
}
