//! heap-corruption: a header that is damaged as a whole, with nobody near who could have done it.

use crate::expect::{Case, Damage, PROFILES, Stacks};
use crate::support::{Run, c_program};

const CASE: Case<'static> = Case {
    source: "kind_corruption.c",
    args: &["free"],
    kind: "heap-corruption",
    place: "==ERROR: Heapwarden: heap-corruption on address 0x",
    // The bytes that were found there: what they were is not known.
    damage: Some(Damage { offset: -8, bytes: "4741524241474521" }),
    stacks: Stacks { access: &["drop_block", "main"], allocated: &[], freed: &[] },
    ..Case::NONE
};

#[test]
fn found_by_free_realloc_and_at_exit() {
    for (way, found_by, action) in [
        ("free", "free", "free in thread T0"),
        ("realloc", "realloc", "realloc in thread T0"),
        ("exit", "exit check", "exit check in thread T0"),
    ] {
        let stacks = if way == "free" { CASE.stacks } else { Stacks::default() };
        let case = Case { args: &[way], found_by, action, stacks, ..CASE };
        case.is_reported();
        case.has_a_clean_twin();
    }
}

/// In `debug` the record, out of line, still says whose header it was.
#[test]
fn the_block_is_known_from_its_record() {
    let Some(program) = c_program(CASE.source) else { return };
    let outcome = Run::of(&program).arg("free").on(PROFILES[0]);
    outcome.killed_by(libc::SIGABRT);
    let report = outcome.report();
    assert_eq!(report.place().map(|place| place.0), Some("8 bytes before 24-byte region"));
    assert!(report.line("Damage: 8 bytes changed, the first at offset -8 ").is_some());
    assert!(report.line("|        GARBAGE!|").is_some(), "{outcome:?}");
}
