//! Errors by the thousand: threads that race to free one block, and a million overflows. Each is
//! detected; each place is reported once and counted.

mod support;

use serde_json::Value;
use support::{Outcome, Report, Run, Scratch, c_program, report_file};

/// Runs the program to its end under `on_error=continue`; what it said and its report file.
fn run(profile: &str, args: &[&str]) -> Option<(Outcome, Value)> {
    let program = c_program("races.c")?;
    let folder = Scratch::new();
    let run = Run::of(&program).args(args).folder(folder.path()).seconds(300);
    let outcome = run.option("on_error=continue").option("report_path=report.json").on(profile);
    outcome.exited(0);
    assert_eq!(outcome.stdout, "ok\n", "{outcome:?}");
    let file = report_file(&folder.path().join("report.json"));
    Some((outcome, file))
}

/// Every record is of this kind; how many errors they stand for.
fn count(file: &Value, kind: &str) -> u64 {
    let errors = file["errors"].as_array().expect("a list of errors");
    errors.iter().for_each(|error| assert_eq!(error["kind"], kind, "{error:#}"));
    errors.iter().map(|error| error["count"].as_u64().expect("a count")).sum()
}

/// The counts that the text tells: `seen N times in all: KIND`.
fn told(outcome: &Outcome, kind: &str) -> Vec<u64> {
    let lines = outcome.stderr.lines().filter_map(|line| line.split_once("==Heapwarden: seen "));
    lines
        .map(|(_, rest)| {
            let (digits, what) = rest.split_once(" times in all: ").expect("a count");
            assert!(what.starts_with(kind), "{outcome:?}");
            digits.replace(',', "").parse().expect("a number")
        })
        .collect()
}

fn a_race_has_one_winner(profile: &str) {
    const ROUNDS: u64 = 2000;
    let Some((outcome, file)) = run(profile, &["double-free", &ROUNDS.to_string()]) else { return };
    // Of sixteen frees one is right.
    assert_eq!(count(&file, "double-free"), ROUNDS * 15, "{}", outcome.what);
    for report in Report::all(&outcome.stderr) {
        assert_eq!(report.kind, "double-free", "{outcome:?}");
        assert!(report.action.contains("free() of a block that was freed before"), "{outcome:?}");
    }
}

#[test]
fn sixteen_threads_free_one_block_in_debug() {
    a_race_has_one_winner("debug");
}

#[test]
fn sixteen_threads_free_one_block_in_harden() {
    a_race_has_one_winner("harden");
}

fn a_million_overflows_are_a_million_detections(profile: &str) {
    let Some((outcome, file)) = run(profile, &["overflow", "1000000"]) else { return };
    assert_eq!(count(&file, "heap-buffer-overflow"), 1_000_000, "{outcome:?}");
    assert_eq!(file["errors"].as_array().map(Vec::len), Some(1), "one place: {outcome:?}");
    assert_eq!(outcome.report().kind, "heap-buffer-overflow");
    assert_eq!(told(&outcome, "heap-buffer-overflow"), [1_000_000], "{outcome:?}");
}

#[test]
fn a_million_overflows_in_debug() {
    a_million_overflows_are_a_million_detections("debug");
}

#[test]
fn a_million_overflows_in_harden() {
    a_million_overflows_are_a_million_detections("harden");
}
