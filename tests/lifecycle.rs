//! The beginning and the end: libraries that come and go, everything that runs after main, the ways
//! to end a process, and programs that execute others.

mod support;

use std::fs;
use support::{
    CHECKED, Outcome, PROFILES, Report, Run, Scratch, c_library, c_library_with, c_program,
    report_file, self_checking,
};

#[test]
fn libraries_come_and_go() {
    let Some(library) = c_library("lifecycle_library.cpp") else { return };
    let Some(program) = c_program("lifecycle_dlopen.c") else { return };
    for profile in PROFILES {
        Run::of(&program).arg(&library).arg("200").on(profile).is_ok();
    }
}

/// What was known of a library that was closed is not used for the next one at the same place.
#[test]
fn stacks_through_a_library_where_another_one_was() {
    let variant = |number| {
        let number = format!("-DVARIANT={number}");
        c_library_with("unwind_plugin.c", &["-O2", "-DPADDING=16", &number])
    };
    let (Some(first), Some(second)) = (variant(3), variant(1)) else { return };
    let Some(program) = c_program("unwind_closed.c") else { return };
    let folder = Scratch::new();
    let run = Run::of(&program).args([first, second]).folder(folder.path());
    let outcome = run.option("report_path=report.json").on("debug");
    outcome.killed_by(libc::SIGABRT);
    let record = &report_file(&folder.path().join("report.json"))["errors"][0];
    for name in ["stack", "alloc_stack", "free_stack"] {
        let frames = record[name].as_array().expect("a stack");
        let names: Vec<&str> =
            frames.iter().filter_map(|frame| frame["function"].as_str()).collect();
        let whole = ["checking", "inner", "test", "main"];
        assert!(names.windows(whole.len()).any(|part| part == whole), "{name}: {names:?}");
    }
}

/// Ends the program in one way, under every profile.
fn ends(way: &str, check: impl Fn(&Outcome)) {
    let Some(program) = c_program("lifecycle_exit.cpp") else { return };
    for profile in PROFILES {
        let outcome = Run::of(&program).arg(way).on(profile);
        assert_eq!(outcome.stderr, "", "{outcome:?}");
        check(&outcome);
    }
}

/// What runs after main, in the order in which it does.
const ALL: &str = "on_exit atexit function static destructor ";

#[test]
fn return_from_main() {
    ends("return", |outcome| {
        outcome.exited(44);
        assert_eq!(outcome.stdout, ALL, "{outcome:?}");
    });
}

#[test]
fn exit() {
    ends("exit", |outcome| {
        outcome.exited(41);
        assert_eq!(outcome.stdout, ALL, "{outcome:?}");
    });
}

#[test]
fn exit_from_a_thread_among_others() {
    ends("thread", |outcome| {
        outcome.exited(40);
        assert_eq!(outcome.stdout, ALL, "{outcome:?}");
    });
}

#[test]
fn quick_exit() {
    ends("quick_exit", |outcome| {
        outcome.exited(42);
        assert_eq!(outcome.stdout, "quick ", "{outcome:?}");
    });
}

#[test]
fn exit_without_handlers() {
    ends("_exit", |outcome| {
        outcome.exited(43);
        assert_eq!(outcome.stdout, "", "{outcome:?}");
    });
}

#[test]
fn abort() {
    ends("abort", |outcome| {
        outcome.killed_by(libc::SIGABRT);
        assert_eq!(outcome.stdout, "", "{outcome:?}");
    });
}

#[test]
fn a_deadly_signal() {
    ends("signal", |outcome| {
        outcome.killed_by(libc::SIGTERM);
        assert_eq!(outcome.stdout, "", "{outcome:?}");
    });
}

#[test]
fn programs_that_execute_programs() {
    self_checking("lifecycle_exec.c", &["9"]);
}

/// The number before `word` in the line that starts with `row`; thousands may be grouped.
fn number_before(text: &str, row: &str, word: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(row)).unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().collect();
    let place = words.iter().position(|found| found.trim_end_matches(',') == word);
    let number = place.and_then(|place| words.get(place.checked_sub(1)?));
    let digits: String = number.unwrap_or(&"").chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number before {word:?} in {line:?} of {text}"))
}

#[test]
fn statistics_at_exit() {
    let Some(program) = c_program("lifecycle_counted.c") else { return };
    for profile in PROFILES {
        let outcome = Run::of(&program).option("stats=1").on(profile);
        outcome.exited(0);
        assert_eq!(outcome.stdout, "ok\n", "{outcome:?}");
        assert!(outcome.stderr.starts_with("heapwarden: statistics of process "), "{outcome:?}");
        // The program's own and a few that libc makes before and after.
        let allocations = number_before(&outcome.stderr, "operations", "allocations");
        assert!((10_001..10_100).contains(&allocations), "{allocations}: {outcome:?}");
        let frees = number_before(&outcome.stderr, "operations", "frees");
        assert!((7_001..7_100).contains(&frees), "{frees}: {outcome:?}");
        let live = number_before(&outcome.stderr, "live", "blocks");
        assert_eq!(live, allocations - frees, "{outcome:?}");
    }
}

#[test]
fn the_journey_of_the_first_requests() {
    let Some(program) = c_program("lifecycle_counted.c") else { return };
    for profile in PROFILES {
        let outcome = Run::of(&program).option("journey=5").on(profile);
        outcome.exited(0);
        assert_eq!(outcome.stdout, "ok\n", "{outcome:?}");
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        assert_eq!(lines.len(), 5, "{outcome:?}");
        for (line, number) in lines.iter().zip(1..) {
            assert!(line.starts_with(&format!("heapwarden: journey {number}: ")), "{outcome:?}");
        }
        // The very first request cannot be served without asking the kernel.
        assert!(lines[0].contains("mmap"), "{outcome:?}");
    }
}

/// A damaged block that is found at exit ends the program where it ended anyway: what it had written
/// arrives, as without us.
#[test]
fn output_that_waits_when_the_exit_check_fails() {
    let Some(program) = c_program("lifecycle_output.c") else { return };
    for way in ["return", "reader", "quick_exit", "_exit"] {
        let folder = Scratch::new();
        let run = Run::of(&program).arg(way).folder(folder.path());
        let written = || fs::read_to_string(folder.path().join("file")).expect("the file");
        let without = run.on_libc();
        without.exited(5);
        let file = written();
        for profile in CHECKED {
            // `_exit` is looked at where stacks are kept.
            let is_found = way != "_exit" || !["harden", "sample"].contains(profile);
            for action in ["abort", "exit", "continue"] {
                let outcome = run.clone().option(&format!("on_error={action}")).on(profile);
                match action {
                    "abort" if is_found => outcome.killed_by(libc::SIGABRT),
                    "exit" if is_found => outcome.exited(99),
                    _ => outcome.exited(5),
                };
                assert_eq!(outcome.stdout, without.stdout, "{outcome:?}");
                assert_eq!(
                    Report::all(&outcome.stderr).len(),
                    usize::from(is_found),
                    "{outcome:?}"
                );
                // Other streams may be held by the other thread.
                if way != "reader" || action == "continue" {
                    assert_eq!(written(), file, "{outcome:?}");
                }
            }
        }
    }
}
