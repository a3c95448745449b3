//! Where other leak checkers die or lie: under a tracer, without the right to trace, and in everyday
//! programs that lose nothing.

use crate::answer::{Answer, PROFILES, Record, tally};
use crate::support::{Outcome, Run, Scratch, c_program, installed, report_file, rust_program};
use serde_json::Value;
use std::ffi::OsStr;

fn direct_leak_within(wrapper: &[&str]) {
    let Some(program) = c_program("leak_shapes.c") else { return };
    if !installed(&wrapper[..1]) {
        return;
    }
    let records = &[Record::new("definite", "direct", (100, 1))];
    let answer = Answer { definite: (100, 1), records, ..Answer::default() };
    let wrapper: Vec<&OsStr> = wrapper.iter().map(OsStr::new).collect();
    for profile in PROFILES {
        let folder = Scratch::new();
        let run = Run::of(&program).looking_for_leaks().arg("direct").folder(folder.path());
        let outcome = run.option("report_path=report.json").on_within(&wrapper, profile);
        answer.check_totals(&report_file(&folder.path().join("report.json")), &outcome);
    }
}

#[test]
fn under_strace() {
    direct_leak_within(&["strace", "-f", "-o", "/dev/null"]);
}

#[test]
fn under_gdb() {
    direct_leak_within(&["gdb", "-nx", "-batch", "-ex", "run", "-ex", "run", "--args"]);
}

#[test]
fn where_tracing_is_forbidden() {
    let Some(wrapper) = c_program("leak_without_ptrace.c") else { return };
    direct_leak_within(&[wrapper.to_str().expect("a plain path")]);
}

/// Definite, indirect and possible leaks of a command line, under both profiles.
fn loses_nothing(command: &[&str]) {
    if !installed(&command[..1]) {
        return;
    }
    for profile in PROFILES {
        let folder = Scratch::new();
        let run = Run::of(command[0]).looking_for_leaks().args(&command[1..]).folder(folder.path());
        let outcome = run.option("report_path=report.json").on(profile);
        outcome.exited(0);
        is_clean(&report_file(&folder.path().join("report.json")), &outcome);
    }
}

/// Possible leaks are none by the evidence there is: Memcheck sees some in these programs, too.
fn is_clean(file: &Value, outcome: &Outcome) {
    for kind in ["definite", "indirect"] {
        assert_eq!(tally(&file["leaks"][kind]), (0, 0), "{:#}\n{outcome:?}", file["leaks"]);
    }
    assert_eq!(outcome.stderr, "", "{outcome:?}");
}

#[test]
fn true_and_bash_lose_nothing() {
    loses_nothing(&["true"]);
    let script = "x=$(echo 1; echo 2); for i in 1 2 3; do y[$i]=$x; done; echo ${y[2]}";
    loses_nothing(&["bash", "-c", script]);
}

#[test]
fn python_loses_nothing() {
    loses_nothing(&["python3", "-c", "pass"]);
}

#[test]
fn a_database_loses_nothing() {
    let statements = "create table t(a); insert into t values (1), (2); select sum(a) from t";
    loses_nothing(&["sqlite3", ":memory:", statements]);
}

/// At its usual exit perl frees the interpreter and leaves what that led to (Memcheck says so, too);
/// before, nothing is lost.
#[test]
fn perl_loses_nothing() {
    let script = "my %h = map { $_ => [1 .. $_] } 1 .. 100; use POSIX; POSIX::_exit(0)";
    loses_nothing(&["perl", "-e", script]);
}

#[test]
fn git_log_loses_nothing() {
    if !installed(&["git"]) {
        return;
    }
    let folder = Scratch::new();
    let git = |arguments: &[&str]| {
        let run =
            Run::of("git").looking_for_leaks().args(["-c", "user.name=a", "-c", "user.email=b"]);
        run.args(arguments).folder(folder.path())
    };
    git(&["init", "-q"]).on_libc().exited(0);
    git(&["commit", "-q", "--allow-empty", "-m", "first"]).on_libc().exited(0);
    for profile in PROFILES {
        let run = git(&["--no-pager", "log", "--oneline"]).option("report_path=report.json");
        let outcome = run.on(profile);
        outcome.exited(0);
        is_clean(&report_file(&folder.path().join("report.json")), &outcome);
    }
}

#[test]
fn greetings_lose_nothing() {
    for program in [c_program("leak_greeting.cpp"), rust_program("leak_cycle.rs")] {
        let Some(program) = program else { continue };
        loses_nothing(&[program.to_str().expect("a plain path")]);
    }
}
