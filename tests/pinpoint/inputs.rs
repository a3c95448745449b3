//! The standard input of a program that is run more than once.

use super::support::{Outcome, Run, Scratch, c_program};
use super::{counted, pinpoint, runs};
use std::fs;

const LINES: &str = "first\nsecond\n";

fn reader(scratch: &Scratch) -> Option<Run> {
    Some(counted(&c_program("moods.c")?, &["input"], scratch))
}

/// Both runs have read both lines, and what the second one printed is not seen.
fn was_read_twice(outcome: &Outcome, scratch: &Scratch) {
    assert_eq!(runs(scratch), 2, "{outcome:?}");
    let (heading, below) = pinpoint(outcome);
    assert!(heading.starts_with("PINPOINT: seen in run 2, "), "{outcome:?}");
    assert!(below[1].contains(" in overflow "), "{outcome:?}");
}

#[test]
fn what_comes_through_a_pipe_is_kept() {
    let scratch = Scratch::new();
    let Some(run) = reader(&scratch) else { return };
    let outcome = run.reading(LINES).on("debug");
    was_read_twice(&outcome, &scratch);
}

#[test]
fn a_file_is_rewound() {
    let scratch = Scratch::new();
    let Some(run) = reader(&scratch) else { return };
    let file = scratch.path().join("input");
    fs::write(&file, LINES).expect("an input");
    was_read_twice(&run.reading_file(&file).on("debug"), &scratch);
}

#[test]
fn a_file_starts_where_it_started_and_stays_where_the_first_run_left_it() {
    let scratch = Scratch::new();
    let Some(program) = c_program("moods.c") else { return };
    let input = scratch.path().join("input");
    fs::write(&input, format!("before\n{LINES}")).expect("an input");
    let script = r#"read line; echo "$line"; "$HEAPWARDEN" run --pinpoint "$0" input >/dev/null; cat; echo end"#;
    let outcome = Run::of("sh")
        .args(["-c", script])
        .arg(&program)
        .env("HEAPWARDEN", env!("CARGO_BIN_EXE_heapwarden"))
        .folder(scratch.path())
        .reading_file(&input)
        .on_libc();
    assert_eq!(outcome.stdout, "before\nend\n", "{outcome:?}");
    assert!(outcome.stderr.contains("PINPOINT: seen in run 2"), "{outcome:?}");
}

#[test]
fn a_program_that_does_not_read_is_not_waited_for() {
    let scratch = Scratch::new();
    let Some(program) = c_program("moods.c") else { return };
    // The writing end stays open: the input never ends.
    let script = r#"mkfifo f; sleep 100 >f & exec 3<f; "$HEAPWARDEN" run --pinpoint "$0" always <&3; kill $!"#;
    let outcome = Run::of("sh")
        .args(["-c", script])
        .arg(&program)
        .env("HEAPWARDEN", env!("CARGO_BIN_EXE_heapwarden"))
        .folder(scratch.path())
        .on_libc();
    assert!(outcome.stderr.contains("PINPOINT: seen in run 2"), "{outcome:?}");
}
