//! A user's crate, `rust_crate`, whose tests run on Heapwarden: what its bugs are reported as, how its
//! test programs end, and that tests without a bug run in peace; with `cargo test` and with nextest.

mod support;

use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use support::{Outcome, Run, installed};

/// Where the crate's copy lies, which has the whole path of its dependency and its versions.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust_crate");
        for file in [
            "build.rs",
            "src/code.c",
            "src/lib.rs",
            "tests/clean.rs",
            "tests/ends.rs",
            "tests/planted.rs",
        ] {
            let (from, to) = (project.join("tests/rust_crate").join(file), copy.join(file));
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            // What did not change is not to be built again.
            let text = fs::read(&from).expect("a file of the crate");
            if fs::read(&to).ok().as_ref() != Some(&text) {
                fs::write(&to, text).expect("a copy");
            }
        }
        let manifest = fs::read_to_string(project.join("tests/rust_crate/Cargo.toml")).unwrap();
        let library = project.join("src/heapwarden");
        let manifest = manifest.replace("../../src/heapwarden", library.to_str().expect("text"));
        fs::write(copy.join("Cargo.toml"), manifest).expect("a manifest");
        // The same versions, so that nothing has to be asked of a registry.
        fs::copy(project.join("Cargo.lock"), copy.join("Cargo.lock")).expect("the versions");
        copy
    })
}

fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(folder());
    cargo.env("CARGO_TARGET_DIR", folder().join("target")).env_remove("CARGO_BUILD_TARGET");
    cargo
}

/// The crate's test programs, by name.
fn programs() -> &'static HashMap<String, PathBuf> {
    static PROGRAMS: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let mut build = cargo();
        build.args(["test", "--offline", "--no-run", "--message-format=json"]);
        let output = build.output().expect("cargo starts");
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{messages}");
        let text = String::from_utf8(output.stdout).expect("text");
        let told = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        told.filter_map(|message| {
            let name = message["target"]["name"].as_str()?.to_string();
            Some((name, message["executable"].as_str()?.into()))
        })
        .collect()
    })
}

/// Runs a test program as `cargo test` does.
fn run(program: &str, arguments: &[&str]) -> Outcome {
    Run::of(&programs()[program]).args(arguments).env("RUST_BACKTRACE", "0").on_libc()
}

fn run_ignored(program: &str, test: &str) -> Outcome {
    run(program, &["--ignored", "--exact", test])
}

/// The stack below the line that starts with or ends like `title`.
fn stack<'a>(outcome: &'a Outcome, title: &str) -> Vec<&'a str> {
    let mut lines = outcome.stderr.lines().skip_while(|line| !line.contains(title)).skip(1);
    let first = lines.by_ref().find(|line| line.starts_with("    #0 ")).into_iter();
    first.chain(lines.take_while(|line| line.starts_with("    #"))).collect()
}

/// Asserts that a test dies of a report of `kind`, whose stacks, by their titles, go through the test.
fn is_reported(test: &str, kind: &str, titles: &[&str], lines: &[&str]) {
    let outcome = run_ignored("planted", test);
    outcome.killed_by(libc::SIGABRT);
    let first = format!("ERROR: Heapwarden: {kind} on address 0x");
    assert_eq!(outcome.stderr.matches("ERROR: Heapwarden: ").count(), 1, "{outcome:?}");
    for title in [&[first.as_str()], titles].concat() {
        let stack = stack(&outcome, title);
        let of_test = format!(" in planted::{test} ");
        assert!(stack.iter().any(|frame| frame.contains(&of_test)), "{title}: {outcome:?}");
        let own = |frame: &&&str| frame.contains("heapwarden::") || frame.contains("__rust_");
        assert_eq!(stack.iter().find(own), None, "a frame of our own: {outcome:?}");
    }
    for line in lines {
        assert!(outcome.stderr.contains(line), "no {line}: {outcome:?}");
    }
}

const ALLOCATED: &str = "allocated by thread T1 here:";
const FREED: &str = "freed by thread T1 here:";

#[test]
fn a_write_past_a_vec() {
    is_reported(
        "writes_past_a_vec",
        "heap-buffer-overflow",
        &[ALLOCATED],
        &["0 bytes after 20-byte region"],
    );
}

#[test]
fn a_value_dropped_twice() {
    is_reported("drops_twice", "double-free", &[FREED, ALLOCATED], &["36-byte region"]);
    is_reported(
        "resizes_a_freed_block",
        "double-free",
        &[FREED, ALLOCATED],
        &["realloc() of a block that was freed before", "4096-byte region"],
    );
}

fn run_with(options: &str, test: &str) -> Outcome {
    let run = Run::of(&programs()["planted"]).args(["--ignored", "--exact", test]);
    run.env("RUST_BACKTRACE", "0").env("HEAPWARDEN_OPTIONS", options).on_libc()
}

#[test]
fn a_read_of_a_freed_block_among_guard_pages() {
    let outcome = run_with("profile=guard:leaks=off", "reads_a_freed_block");
    outcome.killed_by(libc::SIGABRT);
    let title = "ERROR: Heapwarden: heap-use-after-free on address 0x";
    for line in ["READ of size 8 at 0x", "0 bytes inside of 8-byte region"] {
        assert!(outcome.stderr.contains(line), "no {line}: {outcome:?}");
    }
    for (title, function) in [
        (title, " in planted::reads_a_freed_block "),
        (FREED, " in planted::reads_a_freed_block "),
        (ALLOCATED, " in planted::make_number "),
    ] {
        let stack = stack(&outcome, title);
        assert!(stack.iter().any(|frame| frame.contains(function)), "{title}: {outcome:?}");
    }
}

#[test]
fn faults_that_are_no_bugs_of_the_heap_are_as_without_us() {
    let overflow = "has overflowed its stack";
    for (test, signal, line) in [
        ("overflows_its_stack", libc::SIGABRT, overflow),
        ("reads_from_nowhere", libc::SIGSEGV, ""),
    ] {
        for options in ["profile=guard:leaks=off", "profile=debug:leaks=off", "profile=harden"] {
            let outcome = run_with(options, test);
            outcome.killed_by(signal);
            assert!(outcome.stderr.contains(line), "{options}: {outcome:?}");
            assert!(!outcome.stderr.contains("Heapwarden"), "{options}: {outcome:?}");
        }
    }
    let outcome = run_with("profile=guard:leaks=off:handle_segv=0", "reads_a_freed_block");
    outcome.killed_by(libc::SIGSEGV);
    assert_eq!(outcome.stderr.trim(), "");
}

#[test]
fn a_layout_that_is_not_the_blocks() {
    for (test, lines) in [
        ("gives_back_another_size", ["allocated type:   24 bytes", "deallocated type: 32 bytes"]),
        (
            "gives_back_another_alignment",
            [
                "alignment of the allocated type:   8 bytes",
                "alignment of the deallocated type: 4 bytes",
            ],
        ),
        (
            "resizes_with_another_alignment",
            [
                "alignment of the allocated type:   64 bytes",
                "alignment of the deallocated type: 128 bytes",
            ],
        ),
    ] {
        is_reported(test, "layout-mismatch", &[ALLOCATED], &lines);
        let outcome = run_with("profile=leak:leaks=off", test);
        outcome.killed_by(libc::SIGABRT);
        assert!(outcome.stderr.contains("ERROR: Heapwarden: layout-mismatch on"), "{outcome:?}");
    }
}

#[test]
fn c_code_behind_a_foreign_function_interface() {
    if !installed(&["cc", "ar"]) {
        return;
    }
    is_reported("hands_a_buffer_to_c", "heap-buffer-overflow", &[ALLOCATED], &["[78]"]);
    let kind = "alloc-dealloc-mismatch";
    is_reported("frees_what_c_made", kind, &[], &["block from malloc released by Rust's dealloc"]);
    is_reported("resizes_what_c_made", kind, &[], &["block from malloc resized by realloc"]);
}

#[test]
fn leaks_are_told_at_the_end_of_the_test_program() {
    for (test, lines) in [
        ("leaks_a_block", ["40 bytes in 1 block leaked", "are definitely lost"]),
        ("leaks_a_ring", ["192 bytes in 2 blocks leaked", "are definitely lost in a cycle"]),
    ] {
        let outcome = run_ignored("planted", test);
        outcome.exited(0);
        let of_test = format!(" in planted::{test} ");
        for line in lines.into_iter().chain([of_test.as_str()]) {
            assert!(outcome.stderr.contains(line), "no {line}: {outcome:?}");
        }
        assert!(outcome.stderr.contains("leaked in "), "{outcome:?}");
    }
}

#[test]
fn leaks_are_told_however_a_test_program_ends() {
    for (test, status) in [
        ("a_test_passes", 0),
        ("a_test_fails", 101),
        ("a_thread_panics", 0),
        ("the_process_exits", 7),
    ] {
        let outcome = run_ignored("ends", test);
        outcome.exited(status);
        assert!(
            outcome.stderr.contains("77 bytes in 1 block leaked, found by exit check"),
            "{test}"
        );
        assert!(outcome.stderr.contains(" in ends::lose "), "{outcome:?}");
    }
    let outcome = run_ignored("ends", "a_closure_leaks");
    outcome.exited(101);
    assert!(outcome.stdout.contains("77 bytes in 1 block leaked\n"), "{outcome:?}");
    assert!(outcome.stdout.contains(" in ends::lose "), "{outcome:?}");
    assert_eq!(outcome.stderr, "", "told once");
}

#[test]
fn a_closure_may_lose_what_is_suppressed() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust_tests.suppressions");
    for (pattern, status) in [("leak:^ends::lose$", 0), ("leak:ends::another", 101)] {
        fs::write(&file, pattern).expect("a file");
        let options = format!("suppressions={}", file.display());
        let run = Run::of(&programs()["ends"]).args(["--ignored", "--exact", "a_closure_leaks"]);
        let outcome = run.env("HEAPWARDEN_OPTIONS", &options).on_libc();
        outcome.exited(status);
        let is_told = outcome.stdout.contains("77 bytes in 1 block leaked\n");
        assert_eq!(is_told, status != 0, "{outcome:?}");
        assert!(!outcome.stderr.contains("found by"), "{outcome:?}");
    }
}

#[test]
fn tests_without_a_bug_run_in_peace() {
    let outcome = run("clean", &[]);
    outcome.exited(0);
    assert!(outcome.stdout.contains("200 passed; 0 failed"), "{outcome:?}");
    assert_eq!(outcome.stderr, "");
    assert!(run("rust_crate", &[]).exited(0).stdout.contains("1 passed"));
}

#[test]
fn with_nextest_too() {
    if !installed(&["cargo-nextest"]) {
        return;
    }
    let nextest = |arguments: &[&str]| {
        let mut command = cargo();
        command.args(["nextest", "run", "--offline", "--color=never"]).args(arguments);
        let output = command.output().expect("cargo starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, text) = nextest(&["--test", "clean"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("200 tests run: 200 passed") && !text.contains("Heapwarden"), "{text}");
    let (status, text) = nextest(&["--test", "planted", "--run-ignored=only", "writes_past_a_vec"]);
    assert_ne!(status, Some(0), "{text}");
    assert!(text.contains("SIGABRT") && text.contains("heap-buffer-overflow on address"), "{text}");
    assert!(text.contains(" in planted::writes_past_a_vec "), "{text}");
}
