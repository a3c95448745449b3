//! Sampling: `harden`, and some blocks with guard pages and stacks.

use crate::support::{Outcome, Report, Run, c_program, installed};
use std::path::Path;

fn run(arguments: &[&str]) -> Option<Run> {
    Some(Run::of(c_program("guard_sample.c")?).args(arguments))
}

fn is_the_read(report: &Report, outcome: &Outcome) {
    assert_eq!(report.kind, "heap-use-after-free", "{outcome:?}");
    assert!(report.action.starts_with("READ of size 8 at 0x"), "{outcome:?}");
    assert_eq!(report.place().map(|it| it.0), Some("0 bytes inside of 48-byte region"));
    assert!(report.line("    #0 ").is_some_and(|line| line.contains("in follow")), "{outcome:?}");
    assert!(report.line("in make_item").is_some(), "{outcome:?}");
    assert!(report.line("in drop_item").is_some(), "{outcome:?}");
}

#[test]
fn a_read_of_freed_memory_in_a_loop_is_found() {
    let Some(run) = run(&[]) else { return };
    let outcome = run.clone().on("sample");
    outcome.killed_by(libc::SIGABRT);
    is_the_read(&outcome.report(), &outcome);
    // Nothing else sees it.
    run.on("harden").is_ok();
}

#[test]
fn a_program_goes_on_after_its_one_report() {
    let Some(run) = run(&[]) else { return };
    let outcome = run.option("on_error=continue").option("seed=3").on("sample");
    outcome.exited(0);
    assert_eq!(outcome.stdout, "0\nok\n", "{outcome:?}");
    let reports = Report::all(&outcome.stderr);
    assert_eq!(reports.len(), 1, "{outcome:?}");
    is_the_read(&reports[0], &outcome);
    let line = outcome.stderr.lines().find(|line| line.contains("times in all")).expect("a count");
    let count: u64 = line.split_whitespace().find_map(|word| word.parse().ok()).expect("a number");
    assert!((10..=40).contains(&count), "one in 5,000 of 100,000: {line}");
}

#[test]
fn a_right_program_is_left_alone() {
    let Some(run) = run(&["clean"]) else { return };
    run.on("sample").is_ok();
}

/// The instructions that the program needs for so many blocks, by callgrind.
fn instructions(program: &Path, count: &str, profile: &str) -> u64 {
    let outcome = Run::of("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["clean", count])
        .seconds(300)
        .on(profile);
    outcome.exited(0);
    let line = outcome.stderr.lines().find(|line| line.contains("Collected : "));
    let number = line.and_then(|line| line.rsplit(' ').next()).and_then(|word| word.parse().ok());
    number.unwrap_or_else(|| panic!("{outcome:?}"))
}

#[test]
fn it_costs_what_harden_costs() {
    if !installed(&["valgrind"]) {
        return;
    }
    let Some(program) = c_program("guard_sample.c") else { return };
    // What the start costs is paid once.
    let [harden, sample] = ["harden", "sample"].map(|profile| {
        instructions(&program, "300000", profile) - instructions(&program, "50000", profile)
    });
    assert!(sample as f64 / harden as f64 <= 1.02, "{sample} for {harden}");
}
