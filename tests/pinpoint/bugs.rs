//! Ten planted bugs in a program of 2,400 lines.

use super::support::{Outcome, Scratch, c_folder, programs, report_file};
use super::{counted, pinpoint, runs};
use serde_json::Value;
use std::fs;

/// `file:line` of a planted bug, by its mark.
fn place_of(bug: u32) -> (String, usize) {
    let mark = format!("/* BUG {bug} */");
    let mut places = Vec::new();
    for file in fs::read_dir(programs().join("pinpoint")).expect("the sources").flatten() {
        let text = fs::read_to_string(file.path()).expect("a source");
        for (position, line) in text.lines().enumerate() {
            if line.contains(&mark) {
                places.push((file.file_name().to_string_lossy().into_owned(), position + 1));
            }
        }
    }
    assert_eq!(places.len(), 1, "bug {bug} is marked once");
    places.remove(0)
}

/// Runs the program with a bug; its line must be named, in two runs.
fn is_named(bug: u32, kind: &str, function: &str) {
    let Some(program) = c_folder("pinpoint") else { return };
    let scratch = Scratch::new();
    let file = scratch.path().join("report.json");
    let number = bug.to_string();
    let outcome = counted(&program, &[&number], &scratch).flag("--report").flag(&file).on("debug");
    assert_eq!(runs(&scratch), 2, "{outcome:?}");
    outcome.killed_by(libc::SIGABRT);
    let (source, line) = place_of(bug);
    text_names(&outcome, kind, function, &format!("{source}:{line}"));
    let report = report_file(&file);
    let error = &report["errors"][0];
    assert_eq!(report["errors"].as_array().map(Vec::len), Some(1), "{report:#}");
    file_names(error, kind, function, &source, line);
}

fn text_names(outcome: &Outcome, kind: &str, function: &str, place: &str) {
    let report = outcome.report();
    let first = report.lines.iter().position(|line| line.contains(", found afterwards by "));
    let (heading, below) = pinpoint(outcome);
    let second = report.lines.iter().position(|line| *line == heading);
    assert!(first.is_some() && first < second, "{outcome:?}");
    assert!(heading.starts_with("PINPOINT: seen in run 2, "), "{outcome:?}");
    assert!(below[0].starts_with("WRITE of size "), "{outcome:?}");
    assert!(below[1].starts_with("    #0 "), "{outcome:?}");
    assert!(below[1].ends_with(place) && below[1].contains(function), "{place}: {outcome:?}");
    assert!(below.iter().any(|line| line.contains("allocated by thread T0 here")), "{outcome:?}");
    let summary = outcome.stderr.lines().find(|line| line.starts_with("SUMMARY: "));
    let summary = summary.unwrap_or_else(|| panic!("a summary: {outcome:?}"));
    assert!(summary.contains(kind) && summary.contains(place), "{outcome:?}");
}

fn file_names(error: &Value, kind: &str, function: &str, source: &str, line: usize) {
    assert_eq!(error["kind"], kind, "{error:#}");
    assert_eq!(error["access"]["type"], "write", "{error:#}");
    assert!(error["access"]["size"].as_u64().is_some_and(|size| size > 0), "{error:#}");
    let frame = &error["stack"][0];
    assert_eq!(frame["function"], function, "{error:#}");
    assert!(frame["file"].as_str().is_some_and(|file| file.ends_with(source)), "{error:#}");
    assert_eq!(frame["line"], line, "{error:#}");
    assert!(error["block"]["size"].as_u64().is_some(), "{error:#}");
    let has = |stack: &Value| stack.as_array().is_some_and(|frames| frames.len() > 2);
    assert!(has(&error["alloc_stack"]), "{error:#}");
    assert_eq!(has(&error["free_stack"]), kind == "heap-use-after-free", "{error:#}");
    let about = &error["pinpoint"];
    assert_eq!((&about["seen"], &about["run"]), (&Value::from(true), &Value::from(2)), "{error:#}");
    assert!(about["late"]["damage"].is_object(), "{error:#}");
}

#[test]
fn a_byte_too_many() {
    is_named(1, "heap-buffer-overflow", "text_finish");
}

#[test]
fn several_bytes_that_reach_the_next_header() {
    is_named(2, "heap-buffer-overflow", "rule");
}

#[test]
fn one_more_turn_of_a_loop() {
    is_named(3, "heap-buffer-overflow", "empty_buckets");
}

#[test]
fn a_copy_that_is_too_long() {
    is_named(4, "heap-buffer-overflow", "copy_bytes");
}

#[test]
fn a_write_far_behind_that_hits_only_a_header() {
    is_named(5, "heap-buffer-overflow", "sorted_into");
}

#[test]
fn a_byte_before_the_block() {
    is_named(6, "heap-buffer-underflow", "integer_text");
}

#[test]
fn a_write_right_after_free() {
    is_named(7, "heap-use-after-free", "tree_drop");
}

#[test]
fn a_write_long_after_free() {
    is_named(8, "heap-use-after-free", "sheet_drop");
}

#[test]
fn a_write_through_a_stale_pointer_of_a_list() {
    is_named(9, "heap-use-after-free", "list_append");
}

#[test]
fn a_write_through_an_interior_pointer() {
    is_named(10, "heap-use-after-free", "report_records");
}

#[test]
fn without_a_bug_it_runs_once_and_nothing_is_said() {
    let Some(program) = c_folder("pinpoint") else { return };
    let scratch = Scratch::new();
    let run = counted(&program, &[], &scratch);
    let (without, with) = (run.on_libc(), run.on("debug"));
    assert_eq!(runs(&scratch), 2, "once on libc's heap, once on ours");
    assert_eq!((with.status, with.stderr.as_str()), (without.status, ""));
    assert_eq!(with.stdout, without.stdout);
    assert!(with.stdout.contains("\nchecksum "), "{with:?}");
}
