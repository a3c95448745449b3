//! The text, the comparison of two runs, and what is chosen of them.

use super::{printed, report, sample};
use std::fs;
use std::process::{Command, Stdio};

/// Compares with a file, or writes it.
fn is_as_expected(name: &str, text: &str) {
    let path = sample("expected").join(name);
    if std::env::var_os("HEAPWARDEN_WRITE_PAGES").is_some() {
        fs::write(&path, text).expect("the file can be written");
    }
    let expected = fs::read_to_string(&path).expect("the expected text");
    assert_eq!(expected, text, "{name}");
}

#[test]
fn the_whole_text_of_a_report_and_of_its_child() {
    is_as_expected("server.txt", &printed("server.json", &[]));
}

#[test]
fn the_page_on_reports_shows_what_is_printed() {
    let page = fs::read_to_string(sample("../../docs/reports.md")).expect("the page");
    let old = sample("server.json");
    let old = old.to_str().expect("a readable path");
    for (command, text) in [
        ("server.json\n", printed("server.json", &[])),
        ("later.json --diff tests/reports/server.json\n", printed("later.json", &["--diff", old])),
        (
            "server.json --format folded --cost leaked\n",
            printed("server.json", &["--format", "folded", "--cost", "leaked"]),
        ),
    ] {
        let command = format!("    heapwarden report tests/reports/{command}\n```text\n");
        let (_, shown) = page.split_once(&command).unwrap_or_else(|| panic!("no {command}"));
        let (shown, _) = shown.split_once("```").expect("the end of the block");
        assert!(text.contains(shown), "out of date:\n{shown}");
    }
}

#[test]
fn the_difference_between_two_builds() {
    let old = sample("server.json");
    let old = old.to_str().expect("a readable path");
    is_as_expected("difference.txt", &printed("later.json", &["--diff", old]));
    let same = printed("server.json", &["--diff", old]);
    let words = "no difference\n\n";
    assert_eq!(
        same,
        format!("Errors: {words}Leaks: {words}Call sites by live bytes: {words}"),
        "a run does not differ from itself"
    );
}

#[test]
fn only_the_chosen_kinds_are_shown() {
    let text = printed("server.json", &["--kind", "heap-buffer-overflow", "--kind", "indirect"]);
    for shown in ["1. heap-buffer-overflow: ", "1. indirect leak: 64 bytes in 1 block\n"] {
        assert!(text.contains(shown), "{text}");
    }
    for hidden in
        ["heap-use-after-free", "definite", "reachable", "most live", "Call", "Statistics"]
    {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let refused =
        report([sample("server.json").as_os_str(), "--kind".as_ref(), "overflow".as_ref()]);
    refused.exited(2);
    assert!(refused.stderr.contains("the nearest is `heap-buffer-overflow`"), "{refused:?}");
}

#[test]
fn a_comparison_of_chosen_kinds_has_no_other_sections() {
    let old = sample("server.json");
    let old = old.to_str().expect("a readable path");
    let text = printed("later.json", &["--diff", old, "--kind", "leak"]);
    assert!(text.starts_with("Leaks: 2 gone, 1 grown\n"), "{text}");
    assert!(!text.contains("Errors") && !text.contains("Call sites"), "{text}");
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let text = printed("server.json", &["--top", "1"]);
    assert!(text.contains("\n  and 3 more (--top 0 shows all)\n\nLeaks\n"), "{text}");
    assert!(text.contains("\n  and 3 more (--top 0 shows all)\n\nSuppressed leaks\n"), "{text}");
    assert!(!text.contains("\n2. "), "{text}");
    assert_eq!(printed("server.json", &["--top", "0"]), printed("server.json", &["--top", "99"]));
}

#[test]
fn one_ranking_if_one_cost_is_asked_for() {
    let text = printed("server.json", &["--alone", "--cost", "allocations"]);
    let rankings: Vec<_> = text.lines().filter(|line| line.starts_with("Call sites by")).collect();
    assert_eq!(rankings, ["Call sites by allocations"], "{text}");
    assert!(
        text.contains("\n    [1]          100  92.6%  session_new /srv/src/session.c:10\n"),
        "{text}"
    );
}

#[test]
fn what_a_report_does_not_hold_is_said_and_no_error() {
    let folder = super::support::Scratch::new();
    let file = folder.path().join("old.json");
    fs::write(&file, r#"{"schema": 1, "pid": 7, "argv": ["x"], "errors": []}"#).expect("a file");
    let outcome = report([&file]);
    outcome.exited(0);
    for part in [
        "  errors     none\n",
        "note       no call sites: ",
        "note       nothing is said of leaks: ",
    ] {
        assert!(outcome.stdout.contains(part), "{outcome:?}");
    }
    for format in ["folded", "speedscope", "pprof"] {
        let outcome = report([file.as_os_str(), "--format".as_ref(), format.as_ref()]);
        outcome.exited(0);
        let sentence = "heapwarden: no call sites: the program ran without counting them\n";
        assert!(outcome.stderr.starts_with(sentence), "{outcome:?}");
    }
    // Compared with a run that has them, the part that cannot be compared is named.
    let (file, other) = (file.as_os_str(), sample("later.json"));
    let outcome = report([other.as_os_str(), "--diff".as_ref(), file]);
    outcome.exited(0);
    for part in
        ["not compared, leaked bytes: of the old run, ", "not compared, live bytes: of the old"]
    {
        assert!(outcome.stdout.contains(part), "{outcome:?}");
    }
}

#[test]
fn no_file_can_control_the_terminal() {
    let folder = super::support::Scratch::new();
    let file = folder.path().join("hostile.json");
    let report_text = r#"{"schema": 1, "pid": 7, "argv": ["a\nb\u001b[2J", "\u009b0m"],
        "profile": "\u0007", "errors": [{"kind": "\u001bc", "address": "\u001b",
        "stack": [{"function": "f\u001b]0;x\u0007\n", "file": "\r", "line": 1}],
        "later": ["\u001b"]}], "stats": {"\u001b": 1}}"#;
    fs::write(&file, report_text).expect("a file");
    let text = report([&file]).exited(0).stdout.clone();
    assert!(text.contains("  7 [?] a?b?[2J ?0m\n"), "{text}");
    assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for format in ["text", "folded", "json", "pprof", "sarif"] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_heapwarden"));
        command.arg("report").arg(sample("server.json")).args(["--format", format]);
        let output = command.stdout(Stdio::from(writer)).output().expect("heapwarden starts");
        assert!(output.status.success() && output.stderr.is_empty(), "{format}: {output:?}");
    }
}
