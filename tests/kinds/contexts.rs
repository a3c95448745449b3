//! Errors where a program is seldom looked at: while it ends, in children, in threads with hardly any
//! stack, in signal handlers. Each is reported as a whole, ends the process, and hangs nowhere.

use crate::expect::{PROFILES, is_silent};
use crate::support::{Outcome, Report, Run, Scratch, c_program, report_file};
use std::fs;

const SOURCE: &str = "kind_contexts.cpp";

fn run(place: &str, profile: &str, check: impl Fn(&Outcome)) {
    let Some(program) = c_program(SOURCE) else { return };
    check(&Run::of(&program).arg(place).seconds(60).on(profile));
}

fn is_whole(place: &str) {
    for profile in PROFILES {
        run(place, profile, |outcome| {
            outcome.killed_by(libc::SIGABRT);
            assert_eq!(outcome.stdout, format!("{place}\n"), "{outcome:?}");
            let report = outcome.report();
            assert_eq!(report.kind, "double-free", "{outcome:?}");
            let place = report.place().map(|place| place.0);
            assert_eq!(place, Some("0 bytes inside of 24-byte region"), "{outcome:?}");
            if !report.is_line {
                assert!(outcome.stderr.ends_with("==ABORTING\n"), "{outcome:?}");
            }
        });
    }
}

#[test]
fn the_twin_without_an_error() {
    is_silent(SOURCE, &["anywhere", "clean"], &[]);
}

#[test]
fn while_the_program_ends() {
    for place in ["atexit", "static", "destructor", "quick_exit", "main-left"] {
        is_whole(place);
    }
}

#[test]
fn while_a_thread_ends() {
    is_whole("thread-destructor");
    is_whole("thread-local");
}

#[test]
fn in_a_forked_child() {
    is_whole("child");
    is_whole("child-of-threads");
}

#[test]
fn on_small_and_foreign_stacks() {
    for place in ["tiny-stack", "signal-stack", "coroutine"] {
        is_whole(place);
    }
}

#[test]
fn in_a_signal_handler() {
    is_whole("signal");
}

/// The handler may have interrupted the heap itself, in any state.
#[test]
fn in_a_signal_handler_that_interrupted_the_heap() {
    for profile in PROFILES {
        for _ in 0..20 {
            run("signal-in-malloc", profile, |outcome| {
                outcome.killed_by(libc::SIGABRT);
                assert_eq!(outcome.stdout, "signal-in-malloc\n", "{outcome:?}");
                assert_eq!(outcome.report().kind, "invalid-free", "{outcome:?}");
            });
        }
    }
}

#[test]
fn while_standard_output_and_error_are_locked() {
    is_whole("with-stdio-locked");
}

#[test]
fn without_standard_error_the_report_is_in_the_file() {
    let Some(program) = c_program(SOURCE) else { return };
    for profile in PROFILES {
        let folder = Scratch::new();
        let run = Run::of(&program).arg("without-stderr").folder(folder.path());
        let run = run.option("report_path=report.json").option("log_path=report.txt");
        run.on(profile).killed_by(libc::SIGABRT);
        let file = report_file(&folder.path().join("report.json"));
        assert_eq!(file["errors"][0]["kind"], "double-free", "{file}");
        let text = fs::read_to_string(folder.path().join("report.txt")).expect("the log");
        assert_eq!(Report::all(&text).len(), 1, "{text}");
    }
}

/// The program's own handler of SIGABRT makes another error: the process still ends, and the first
/// report is whole.
#[test]
fn in_the_handler_of_the_signal_that_ends_it() {
    for profile in PROFILES {
        run("abort-handler", profile, |outcome| {
            outcome.killed_by(libc::SIGABRT);
            assert_eq!(outcome.stdout, "abort-handler\nhandler\n", "{outcome:?}");
            let reports = Report::all(&outcome.stderr);
            let kinds: Vec<&str> = reports.iter().map(|report| report.kind.as_str()).collect();
            assert_eq!(kinds, ["double-free", "invalid-free"], "{outcome:?}");
        });
    }
}
