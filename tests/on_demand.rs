//! The heap check on demand: by the function in `heapwarden.h`, and by a signal.

mod support;

use support::{Run, c_program};

/// A small quarantine: what waits there is verified with every check.
fn program(what: &str) -> Option<Run> {
    let run = Run::of(c_program("on_demand.c")?).arg(what);
    Some(run.option("check_signal=12").option("quarantine_mb=1"))
}

/// How many checks found nothing.
fn clean(stderr: &str) -> usize {
    stderr.matches("heapwarden: heap check: no damage\n").count()
}

#[test]
fn the_function_counts_damaged_chunks_and_is_absent_without_us() {
    let Some(run) = program("call") else { return };
    run.on_libc().is_ok();
    for profile in ["debug", "harden"] {
        let outcome = run.clone().option("on_error=continue").on(profile);
        outcome.exited(0);
        assert!(outcome.stdout.ends_with("ok\n"), "{outcome:?}");
        let report = support::Report::all(&outcome.stderr).remove(0);
        assert_eq!(report.kind, "heap-buffer-overflow", "{outcome:?}");
        assert!(report.action.contains("found afterwards by heapwarden_check_heap"), "{outcome:?}");
    }
}

#[test]
fn a_process_that_sleeps_for_ever_is_checked_at_once() {
    let Some(run) = program("sleeper") else { return };
    let outcome = run.on("debug");
    outcome.exited(0);
    assert_eq!(clean(&outcome.stderr), 1, "{outcome:?}");
    let outcome = program("damaged-sleeper").expect("compiled before").on("debug");
    outcome.exited(0);
    let report = outcome.report();
    assert_eq!(report.kind, "heap-buffer-overflow", "{outcome:?}");
    assert!(report.line("in overflow").is_some(), "{outcome:?}");
}

#[test]
fn threads_that_do_nothing_but_allocate_are_checked_too() {
    for what in ["busy", "alone"] {
        let Some(run) = program(what) else { return };
        let outcome = run.on("debug");
        outcome.exited(0);
        assert!(outcome.stdout.ends_with("ok\n"), "{outcome:?}");
        let checks = clean(&outcome.stderr);
        assert!(checks > 0 && checks == outcome.stderr.lines().count(), "{outcome:?}");
    }
}

#[test]
fn a_signal_that_cannot_be_handled_is_complained_about() {
    let outcome = Run::of("true").option("check_signal=9").on("debug");
    outcome.exited(0);
    assert!(outcome.stderr.contains("check_signal=9: no handler can be set"), "{outcome:?}");
}
