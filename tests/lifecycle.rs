//! The beginning and the end: libraries that come and go, everything that runs after main, the ways
//! to end a process, and programs that execute others.

mod support;

use support::{Outcome, PROFILES, Run, c_library, c_program, self_checking};

#[test]
fn libraries_come_and_go() {
    let Some(library) = c_library("lifecycle_library.cpp") else { return };
    let Some(program) = c_program("lifecycle_dlopen.c") else { return };
    for profile in PROFILES {
        Run::of(&program).arg(&library).arg("200").on(profile).is_ok();
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
