//! Profile `leak`: no quarantine and no fill, but stacks of allocations, and whatever error is seen
//! without either is reported.

mod support;

use support::{Outcome, Run, c_program, self_checking_under};

#[test]
fn freed_blocks_are_used_again_at_once() {
    self_checking_under(&["leak"], "leak_profile.c", &["clean"]);
}

fn run(what: &str) -> Option<Outcome> {
    let outcome = Run::of(c_program("leak_profile.c")?).arg(what).on("leak");
    outcome.killed_by(libc::SIGABRT);
    Some(outcome)
}

#[test]
fn a_double_free_is_reported_with_the_stack_of_the_allocation() {
    let Some(outcome) = run("double") else { return };
    let report = outcome.report();
    assert_eq!(report.kind, "double-free", "{outcome:?}");
    assert!(report.line("allocated by thread T0 here:").is_some(), "{outcome:?}");
    assert!(report.line(" in make ").is_some(), "{outcome:?}");
    assert!(report.line("freed by thread").is_none(), "no stack is kept of a free: {outcome:?}");
}

#[test]
fn a_double_free_of_an_aligned_or_large_block_is_reported() {
    for what in ["double-aligned", "double-large"] {
        let Some(outcome) = run(what) else { return };
        assert_eq!(outcome.report().kind, "double-free", "{outcome:?}");
    }
}

#[test]
fn an_overflow_is_reported_with_the_stack_of_the_allocation() {
    let Some(outcome) = run("overflow") else { return };
    let report = outcome.report();
    assert_eq!(report.kind, "heap-buffer-overflow", "{outcome:?}");
    assert!(report.line(" in make ").is_some(), "{outcome:?}");
}
