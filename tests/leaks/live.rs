//! A process that runs on while it is looked at.

use crate::answer::PROFILES;
use crate::support::{Run, c_program};

/// Prints the longest time for which the threads stood still.
#[test]
fn a_busy_process_answers_a_hundred_signals() {
    let Some(program) = c_program("leak_live.c") else { return };
    for profile in PROFILES {
        let run = Run::of(&program).looking_for_leaks().option("report_signal=10").seconds(300);
        let outcome = run.on(profile);
        outcome.exited(0);
        assert_eq!(outcome.stdout, "ok\n", "{outcome:?}");
        let said = outcome.stderr.matches("Heapwarden: no leaks seen by the report signal\n");
        assert_eq!(said.count(), 100, "{outcome:?}");
        // A thread that waits for a page for longer than is waited for it is missed, and that is said.
        let stopped = outcome.stderr.lines().filter(|line| line.contains("51 threads stood still"));
        assert!(stopped.count() >= 90, "all of them, mostly: {outcome:?}");
        let pauses = outcome.stderr.lines().filter_map(|line| {
            let (_, pause) = line.split_once(" stood still for ")?;
            let (number, unit) = pause.split_once(' ')?;
            let scale = if unit == "us" { 1e-3 } else { 1.0 };
            Some(number.parse::<f64>().ok()? * scale)
        });
        let longest = pauses.fold(0.0, f64::max);
        println!("{profile}: the threads stood still for {longest:.1} ms at most");
    }
}
