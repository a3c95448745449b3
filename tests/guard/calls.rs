//! Calls that get a guarded block: what would only be an error for the kernel is reported first, and
//! what was reported is not told a second time by the fault.

use crate::support::{Report, Run, c_program};

fn run(call: &str, state: &str) -> Option<Run> {
    Some(Run::of(c_program("guard_calls.c")?).args([call, state]))
}

/// One report by the check in front of the call, and the program goes on.
fn is_told_once(call: &str, state: &str, kind: &str, action: &str) {
    let Some(run) = run(call, state) else { return };
    let aborted = run.clone().on("guard");
    aborted.killed_by(libc::SIGABRT);
    assert_eq!(aborted.report().kind, kind, "{aborted:?}");
    let outcome = run.option("on_error=continue").on("guard");
    outcome.exited(0);
    let reports = Report::all(&outcome.stderr);
    assert_eq!(reports.len(), 1, "{outcome:?}");
    let report = &reports[0];
    assert_eq!(report.kind, kind, "{outcome:?}");
    let by = format!("by {call} in thread T0");
    assert!(report.action.starts_with(action) && report.action.contains(&by), "{outcome:?}");
    assert!(report.line("in make_block").is_some(), "{outcome:?}");
    assert_eq!(report.line("in drop_block").is_some(), state == "freed", "{outcome:?}");
}

#[test]
fn calls_that_get_a_freed_block() {
    for (call, action) in
        [("read", "WRITE"), ("write", "READ"), ("send", "READ"), ("memcpy", "WRITE")]
    {
        is_told_once(call, "freed", "heap-use-after-free", action);
    }
}

#[test]
fn calls_that_touch_more_than_there_is() {
    for (call, action) in [("memcpy", "WRITE of size 48"), ("strlen", "READ")] {
        let Some(run) = run(call, "past") else { return };
        let outcome = run.on("guard");
        outcome.killed_by(libc::SIGABRT);
        assert_eq!(outcome.report().kind, "heap-buffer-overflow", "{outcome:?}");
        assert!(outcome.report().action.starts_with(action), "{outcome:?}");
    }
    is_told_once("memcpy", "past", "heap-buffer-overflow", "WRITE of size 48");
}

#[test]
fn what_the_kernel_refuses_is_reported() {
    for (call, action) in [("read", "WRITE"), ("write", "READ"), ("send", "READ")] {
        is_told_once(call, "behind", "heap-buffer-overflow", action);
    }
    is_told_once("send", "past", "heap-buffer-overflow", "READ of size 48");
}

#[test]
fn right_calls_do_what_they_do_without_us() {
    for call in ["read", "write", "send", "memcpy", "strlen"] {
        let Some(run) = run(call, "right") else { return };
        let (without, with) = (run.clone().on_libc(), run.on("guard"));
        assert_eq!((&with.stdout, &with.stderr), (&without.stdout, &without.stderr), "{with:?}");
        with.exited(0);
    }
}
