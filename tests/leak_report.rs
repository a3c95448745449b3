//! The report about leaks: at every end of a process and on demand, what is left out of it, and what
//! the program is told through LeakSanitizer's interface.

mod support;

use std::process::Command;
use support::{Outcome, Run, Scratch, c_library, c_library_with, c_program, report_file};

fn program(what: &str, end: &str) -> Option<Run> {
    Some(Run::of(c_program("leak_report.c")?).looking_for_leaks().arg(what).arg(end))
}

/// The list of two blocks, 40 and 60 bytes, and nothing else.
fn tells_of_the_list(outcome: &Outcome) {
    let text = &outcome.stderr;
    assert_eq!(text.matches("SUMMARY: Heapwarden: ").count(), 1, "{outcome:?}");
    assert!(
        text.ends_with("SUMMARY: Heapwarden: 100 byte(s) leaked in 2 allocation(s).\n"),
        "{outcome:?}"
    );
    assert!(text.contains("\n100 (40 direct, 60 indirect) bytes in 2 (1 direct, 1 indirect) blocks are definitely lost (record 1 of 1), allocated by thread T0 here:\n    #0 "), "{outcome:?}");
    assert!(text.contains(" in lose_list "), "{outcome:?}");
}

#[test]
fn every_end_of_a_process_is_reported_once_and_keeps_its_status() {
    for end in ["return", "exit", "_exit", "quick_exit", "vfork"] {
        let Some(run) = program("list", end) else { return };
        for profile in ["debug", "leak"] {
            let outcome = run.on(profile);
            outcome.exited(5);
            assert_eq!(outcome.stdout, "ok\n", "{outcome:?}");
            tells_of_the_list(&outcome);
        }
    }
}

#[test]
fn who_loses_nothing_hears_nothing() {
    for end in ["return", "exit", "_exit", "quick_exit", "vfork"] {
        let Some(run) = program("nothing", end) else { return };
        let outcome = run.option("leak_exit_code=23").option("leaks=full").on("debug");
        outcome.exited(5);
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("ok\n", ""), "{outcome:?}");
    }
}

#[test]
fn the_status_can_tell_of_leaks_and_the_output_arrives() {
    for end in ["return", "exit", "_exit", "quick_exit"] {
        let Some(run) = program("list", end) else { return };
        for option in ["leak_exit_code=23", "on_error=continue+leak=exit:exit_code=23"] {
            let outcome = run.clone().option(option).on("debug");
            outcome.exited(23);
            assert_eq!(outcome.stdout, "ok\n", "{outcome:?}");
            tells_of_the_list(&outcome);
        }
    }
    let Some(run) = program("list", "return") else { return };
    let outcome = run.option("on_error=continue+leak=abort").on("debug");
    outcome.killed_by(libc::SIGABRT);
    assert_eq!(outcome.stdout, "ok\n", "{outcome:?}");
}

#[test]
fn without_the_option_nothing_is_looked_for() {
    let Some(run) = program("list", "return") else { return };
    for (option, profile) in [("leaks=off", "debug"), ("leak_exit_code=23", "harden")] {
        let outcome = run.clone().option(option).on(profile);
        outcome.exited(5);
        assert_eq!(outcome.stderr, "", "{outcome:?}");
    }
}

/// The heap's locks may be held by the thread that is interrupted.
#[test]
fn leaving_from_a_handler_within_malloc_does_not_hang() {
    for _ in 0..5 {
        let Some(run) = program("nothing", "handler") else { return };
        run.on("debug").exited(6);
    }
}

#[test]
fn suppressions_hide_blocks_and_what_they_lead_to() {
    let Some(run) = program("list", "return") else { return };
    let folder = Scratch::new();
    let run = run.folder(folder.path()).option("leak_exit_code=23");
    let with = |text: &str| {
        std::fs::write(folder.path().join("known"), text).expect("a file");
        run.clone().option("suppressions=known")
    };
    let outcome = with("# known\nleak:^lose_list$\n").option("report_path=r.json").on("debug");
    outcome.exited(5);
    let table = "-----------------------------------------------------\n\
                 Suppressions used:\n  count      bytes template\n      2        100 ^lose_list$\n\
                 -----------------------------------------------------\n\n";
    assert_eq!(outcome.stderr, table, "{outcome:?}");
    let leaks = &report_file(&folder.path().join("r.json"))["leaks"];
    assert_eq!(leaks["definite"]["blocks"], 0, "{leaks:#}");
    assert_eq!(leaks["suppressed"][0]["template"], "^lose_list$", "{leaks:#}");

    let outcome = with("leak:lose_list").option("print_suppressions=0").on("leak");
    outcome.exited(5);
    assert_eq!(outcome.stderr, "", "{outcome:?}");

    let outcome = with("leak:somewhere_else\nleaks:x\n").on("debug");
    outcome.exited(23);
    assert!(outcome.stderr.contains("no suppression is `leaks:x`"), "{outcome:?}");
    tells_of_the_list(&outcome);

    let outcome = run.option("suppressions=missing").on("debug");
    outcome.exited(23);
    assert!(outcome.stderr.contains("cannot read the suppressions in missing"), "{outcome:?}");
}

/// The lines for a report hide just what it shows.
#[test]
fn the_suppressions_of_a_report_are_ready_to_use() {
    let Some(run) = program("list", "return") else { return };
    let folder = Scratch::new();
    let run = run.folder(folder.path());
    run.clone().option("report_path=r.json").on("debug").exited(5);
    let mut command = Command::new(env!("CARGO_BIN_EXE_heapwarden"));
    let output = command.arg("suppress").arg(folder.path().join("r.json")).output();
    let lines = String::from_utf8(output.expect("it runs").stdout).expect("text");
    assert!(lines.starts_with("# 100 bytes in 2 blocks, at "), "{lines}");
    assert!(lines.ends_with("\nleak:^lose_list$\n"), "{lines}");
    std::fs::write(folder.path().join("known"), &lines).expect("a file");
    let outcome = run.option("suppressions=known").option("print_suppressions=0").on("debug");
    assert_eq!(outcome.stderr, "", "{outcome:?}");
}

#[test]
fn the_program_has_wishes_of_its_own() {
    let Some(run) = program("list", "return") else { return };
    let Some(wishes) = c_library("leak_wishes.c") else { return };
    let outcome = run.clone().env("LD_PRELOAD", &wishes).on("debug");
    outcome.exited(5);
    assert!(outcome.stderr.contains("      2        100 ^lose_list$\n"), "{outcome:?}");
    let Some(off) = c_library_with("leak_wishes.c", &["-DTURNED_OFF"]) else { return };
    let outcome = run.env("LD_PRELOAD", &off).on("debug");
    outcome.exited(5);
    assert_eq!(outcome.stderr, "", "{outcome:?}");
}

#[test]
fn leak_sanitizers_interface_works() {
    let Some(run) = program("api", "return") else { return };
    // One report by each call that finds something, none at exit.
    let outcome = run.clone().on("debug");
    outcome.exited(5);
    let summaries: Vec<&str> =
        outcome.stderr.lines().filter(|line| line.starts_with("SUMMARY")).collect();
    let expected = [
        "SUMMARY: Heapwarden: 1003 byte(s) leaked in 1 allocation(s).",
        "SUMMARY: Heapwarden: 77 byte(s) leaked in 1 allocation(s).",
    ];
    assert_eq!(summaries, expected, "{outcome:?}");
    let outcome = run.option("leak_exit_code=23").option("dialect=asan").on("leak");
    outcome.exited(23);
    assert!(outcome.stdout.is_empty(), "it ended in the call: {outcome:?}");
    assert!(outcome.stderr.contains("ERROR: LeakSanitizer: detected memory leaks"), "{outcome:?}");
}

#[test]
fn a_running_process_tells_what_changed() {
    let Some(run) = program("live", "return") else { return };
    let outcome = run.option("report_signal=10").on("debug");
    outcome.exited(5);
    let text = &outcome.stderr;
    assert!(text.contains("Heapwarden: no leaks seen by heapwarden_report\n"), "{outcome:?}");
    assert!(
        text.contains("33 bytes in 1 block leaked, found by the report signal\n"),
        "{outcome:?}"
    );
    let change = "Live since the last report: +4 blocks, +4.1 KiB\n    +3 blocks, +4.1 KiB at ";
    assert!(text.contains(change), "{outcome:?}");
    assert!(text.contains("33 bytes in 1 block leaked, found by exit check\n"), "{outcome:?}");
}

#[test]
fn pointers_into_freed_blocks_are_told_with_who_holds_them() {
    let Some(run) = program("dangling", "return") else { return };
    let folder = Scratch::new();
    let run = run.folder(folder.path()).option("report_path=r.json");
    let outcome = run.clone().on("debug");
    assert_eq!(outcome.stderr, "", "not asked for: {outcome:?}");
    let outcome = run.clone().option("dangling=1").on("debug");
    outcome.exited(5);
    assert!(
        outcome.stderr.contains("ERROR: Heapwarden: dangling-pointer on address 0x"),
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains("  in global variable 'kept' +24 ("), "{outcome:?}");
    assert!(outcome.stderr.contains(" 8 bytes inside of 24-byte region "), "{outcome:?}");
    let file = report_file(&folder.path().join("r.json"));
    let error = &file["errors"][0];
    assert_eq!(error["kind"], "dangling-pointer", "{file:#}");
    assert_eq!(error["holder"]["name"], "kept", "{file:#}");
    assert_eq!(error["block"]["offset"], 8, "{file:#}");
    assert_eq!(file["errors"].as_array().map(Vec::len), Some(1), "{file:#}");
    run.option("dangling=1")
        .option("on_error=continue+dangling-pointer=exit")
        .on("debug")
        .exited(99);
}
