//! invalid-free: pointers that are no block's, told apart by where they lead.

use crate::expect::{Block, Case, PROFILES, Stacks, is_silent};
use crate::support::{Run, c_program};

const INSIDE: Case<'static> = Case {
    source: "kind_invalid_free.c",
    args: &["interior"],
    kind: "invalid-free",
    action: "free() of an address inside a block, not its start, in thread T0",
    place: "32 bytes inside of 100-byte region",
    block: Some(Block { size: 100, offset: 32, family: "malloc", state: "live" }),
    stacks: Stacks {
        access: &["drop_block", "main"],
        allocated: &["make_block", "main"],
        freed: &[],
    },
    ..Case::NONE
};

const ELSEWHERE: Case<'static> = Case {
    block: None,
    stacks: Stacks { access: &["drop_block", "main"], allocated: &[], freed: &[] },
    ..INSIDE
};

#[test]
fn inside_of_a_block() {
    INSIDE.is_reported();
    INSIDE.has_a_clean_twin();
    for (way, size, place) in [
        ("interior-large", 100_000, "32 bytes inside of 100000-byte region"),
        ("interior-direct", 5_000_000, "32 bytes inside of 5000000-byte region"),
    ] {
        let block = Some(Block { size, ..INSIDE.block.unwrap() });
        Case { args: &[way], place, block, ..INSIDE }.is_reported();
        is_silent(INSIDE.source, &[way, "clean"], &[]);
    }
}

#[test]
fn misaligned_inside_of_a_block() {
    for (way, size, place) in [
        ("misaligned", 100, "7 bytes inside of 100-byte region"),
        ("misaligned-large", 100_000, "7 bytes inside of 100000-byte region"),
    ] {
        let block = Some(Block { size, offset: 7, ..INSIDE.block.unwrap() });
        Case { args: &[way], place, block, ..INSIDE }.is_reported();
    }
}

#[test]
fn the_end_of_a_block() {
    Case {
        args: &["end"],
        action: "free() of ",
        place: "0 bytes after 100-byte region",
        block: Some(Block { offset: 100, ..INSIDE.block.unwrap() }),
        ..INSIDE
    }
    .is_reported();
}

#[test]
fn inside_of_a_freed_block() {
    Case {
        args: &["freed-interior"],
        block: Some(Block { state: "freed", ..INSIDE.block.unwrap() }),
        stacks: Stacks { freed: &["drop_block", "main"], ..INSIDE.stacks },
        ..INSIDE
    }
    .is_reported();
}

#[test]
fn resized_or_measured_inside_of_a_block() {
    for (way, function) in [("realloc", "realloc"), ("usable", "malloc_usable_size")] {
        let action = format!("{function}() of an address inside a block, not its start, in thread");
        let stacks = Stacks { access: &["main"], ..INSIDE.stacks };
        let case = Case { args: &[way], action: &action, found_by: function, stacks, ..INSIDE };
        case.is_reported();
    }
}

#[test]
fn a_stack() {
    let place = "is located on a stack";
    let action = "free() of an address on a stack, in thread T0";
    Case { args: &["stack"], action, place, ..ELSEWHERE }.is_reported();
    let action = "free() of an address on a stack, in thread T1";
    let stacks = Stacks { access: &["drop_block", "stack_of_thread"], ..ELSEWHERE.stacks };
    Case { args: &["thread-stack"], action, place, stacks, ..ELSEWHERE }.is_reported();
}

#[test]
fn a_global_variable() {
    let action = "free() of the address of a global variable, in thread T0";
    for (way, place) in [
        ("global", "is located 16 bytes inside of global variable 'initialised' of size 100 ("),
        ("zeroed", "is located 16 bytes inside of global variable 'zeroed' of size 100 ("),
    ] {
        Case { args: &[way], action, place, ..ELSEWHERE }.is_reported();
    }
}

#[test]
fn program_code() {
    let action = "free() of an address of program code, in thread T0";
    let place = "is located in program code of main ";
    Case { args: &["code"], action, place, ..ELSEWHERE }.is_reported();
}

#[test]
fn nothing_at_all() {
    let action = "free() of a wild address, where nothing is mapped, in thread T0";
    let place = "is a wild pointer: nothing is mapped there";
    for way in ["wild", "odd", "non-canonical"] {
        Case { args: &[way], action, place, ..ELSEWHERE }.is_reported();
    }
}

/// Memory that somebody else mapped may be another allocator's block: it is handed on to the next
/// `free`. libc's says that it is none.
#[test]
fn memory_of_somebody_else() {
    let Some(program) = c_program(ELSEWHERE.source) else { return };
    for profile in PROFILES {
        let outcome = Run::of(&program).arg("foreign").on(profile);
        outcome.killed_by(libc::SIGABRT);
        assert!(outcome.stderr.contains("free(): invalid pointer"), "{outcome:?}");
    }
}
