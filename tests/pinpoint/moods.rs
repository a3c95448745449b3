//! Programs that are not the same each time, that have several bugs, or have them in a child.

use super::support::{Outcome, Run, Scratch, c_program, report_file};
use super::{counted, pinpoint, runs};
use serde_json::Value;

fn mood(name: &str, scratch: &Scratch) -> Option<Run> {
    Some(counted(&c_program("moods.c")?, &[name], scratch))
}

/// It was not seen, and the report says so; it is the first run's in every other respect.
fn not_seen(name: &str, words: &[&str], count: usize) {
    let scratch = Scratch::new();
    let Some(run) = mood(name, &scratch) else { return };
    let file = scratch.path().join("report.json");
    let outcome = run.flag("--report").flag(&file).on("debug");
    outcome.killed_by(libc::SIGABRT);
    assert_eq!(runs(&scratch), count, "{outcome:?}");
    let (line, below) = pinpoint(&outcome);
    assert!(line.starts_with("PINPOINT: not seen. Run 2, guard pages for "), "{outcome:?}");
    for words in words {
        assert!(line.contains(words), "{words}: {outcome:?}");
    }
    assert!(below.iter().all(String::is_empty), "{outcome:?}");
    assert_eq!(outcome.report().kind, "heap-buffer-overflow");
    let error = &report_file(&file)["errors"][0];
    assert!(error["damage"].is_object(), "{error:#}");
    assert_eq!(error["pinpoint"]["seen"], false, "{error:#}");
    let why = error["pinpoint"]["why"].as_str().expect("a sentence");
    assert_eq!(format!("PINPOINT: not seen. {why}"), line);
}

#[test]
fn a_bug_that_does_not_come_again() {
    let unlike = "The program does not do the same each time.";
    not_seen("once", &["no error. Run 3, guard pages for all blocks: no error.", unlike], 3);
}

#[test]
fn another_bug_in_the_second_run() {
    let unlike = "The program does not do the same each time.";
    not_seen("other", &["another error, double-free: ", "by free_twice ", unlike], 3);
}

#[test]
fn a_signal_to_a_later_run_ends_the_search() {
    not_seen("stopped", &["signal 15 ended it. It is not run again, for signal 15 was to end"], 2);
}

#[test]
fn the_number_of_runs_is_the_users() {
    for (flag, count) in [("2", 2), ("1", 1)] {
        let scratch = Scratch::new();
        let Some(run) = mood("once", &scratch) else { return };
        let outcome = run.flag("--rounds").flag(flag).on("debug");
        assert_eq!(runs(&scratch), count, "{outcome:?}");
        let (line, _) = pinpoint(&outcome);
        assert_eq!(line.contains("run only once (--rounds)"), count == 1, "{outcome:?}");
    }
}

/// The first frame below `PINPOINT:`.
fn frame(outcome: &Outcome) -> String {
    let (heading, below) = pinpoint(outcome);
    assert!(heading.starts_with("PINPOINT: seen in run 2, "), "{outcome:?}");
    below[1].clone()
}

#[test]
fn a_block_from_another_call_site_is_guarded_in_the_third_run() {
    let scratch = Scratch::new();
    let Some(run) = mood("path", &scratch) else { return };
    let outcome = run.on("debug");
    assert_eq!(runs(&scratch), 3, "{outcome:?}");
    let (heading, below) = pinpoint(&outcome);
    assert!(heading.starts_with("PINPOINT: seen in run 3, "), "{outcome:?}");
    assert!(heading.contains(" call sites "), "{outcome:?}");
    assert!(below[1].contains(" in overflow "), "{outcome:?}");
}

#[test]
fn a_write_that_looks_like_an_underflow_of_the_next_block() {
    let scratch = Scratch::new();
    let Some(run) = mood("far", &scratch) else { return };
    let outcome = run.on("debug");
    assert_eq!(runs(&scratch), 3, "{outcome:?}");
    let (heading, below) = pinpoint(&outcome);
    assert!(
        heading.contains("all blocks (run 1 took it for heap-buffer-underflow)"),
        "{outcome:?}"
    );
    assert!(below[1].contains(" in overflow_far "), "{outcome:?}");
    assert_eq!(outcome.report().kind, "heap-buffer-overflow");
}

#[test]
fn a_header_that_is_damaged_as_a_whole() {
    let Some(program) = c_program("kind_corruption.c") else { return };
    let scratch = Scratch::new();
    let outcome = counted(&program, &["free"], &scratch).on("debug");
    assert_eq!(runs(&scratch), 2, "{outcome:?}");
    assert!(frame(&outcome).contains(" in write_block "), "{outcome:?}");
    assert_eq!(outcome.report().kind, "heap-buffer-underflow", "{outcome:?}");
}

#[test]
fn a_bug_in_a_child() {
    let scratch = Scratch::new();
    let Some(run) = mood("child", &scratch) else { return };
    let file = scratch.path().join("report.json");
    let outcome = run.flag("--report").flag(&file).on("debug");
    assert_eq!(outcome.exited(3).stdout, "");
    assert!(frame(&outcome).contains(" in overflow "), "{outcome:?}");
    assert_eq!(report_file(&file)["errors"], Value::Array(vec![]));
    let child = outcome.report().lines[0].clone();
    let child = child.trim_start_matches('=').split('=').next().expect("a process").to_owned();
    let report = report_file(&scratch.path().join(format!("report.json.{child}")));
    assert_eq!(report["errors"][0]["stack"][0]["function"], "overflow", "{report:#}");
}

#[test]
fn a_program_that_goes_on_has_all_its_bugs_named() {
    let scratch = Scratch::new();
    let Some(run) = mood("two", &scratch) else { return };
    let outcome = run.option("on_error=continue").on("debug");
    assert_eq!(outcome.exited(0).stdout, "ok\n");
    for function in ["overflow", "write_late"] {
        let text = format!(" in {function} ");
        let below = outcome.stderr.split("PINPOINT: seen in run ").skip(1);
        let named = |part: &str| part.lines().nth(2).is_some_and(|line| line.contains(&text));
        assert_eq!(below.filter(|part| named(part)).count(), 1, "{outcome:?}");
    }
    assert!(runs(&scratch) <= 3, "{outcome:?}");
}
