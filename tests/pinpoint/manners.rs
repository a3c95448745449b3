//! The process between the caller and the program: neither of them notices it.

use super::support::{Outcome, Run, Scratch, c_program};
use super::{counted, runs};
use std::path::Path;

/// Runs a script for `sh` in which `$HEAPWARDEN` is the command.
fn script(text: &str) -> Outcome {
    let scratch = Scratch::new();
    Run::of("sh")
        .args(["-c", text])
        .env("HEAPWARDEN", env!("CARGO_BIN_EXE_heapwarden"))
        // Who is killed leaves its folder behind.
        .env("TMPDIR", scratch.path())
        .folder(scratch.path())
        .on_libc()
}

#[test]
fn exit_status_and_signals_are_those_of_the_program() {
    for (end, code, signal) in [
        ("exit 57", Some(57), None),
        ("kill -9 $$", None, Some(9)),
        ("kill -SEGV $$", None, Some(11)),
    ] {
        let scratch = Scratch::new();
        let text = format!("echo out; echo err >&2; {end}");
        let outcome = counted(Path::new("sh"), &["-c", &text], &scratch).on("debug");
        assert_eq!(runs(&scratch), 1, "{outcome:?}");
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("out\n", "err\n"));
        match (code, signal) {
            (Some(code), _) => outcome.exited(code),
            (_, signal) => outcome.killed_by(signal.expect("one of the two")),
        };
    }
}

#[test]
fn what_was_ignored_or_closed_stays_so() {
    let run = r#""$HEAPWARDEN" run --pinpoint -- sh -c"#;
    let outcome =
        script(&format!("trap '' INT TERM; {run} 'kill -INT $$; kill -TERM $$; echo alive'"));
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("alive\n", ""));
    let outcome = script(&format!("{run} 'ls /proc/$$/fd' <&-"));
    assert!(!outcome.stdout.lines().any(|line| line == "0"), "{outcome:?}");
    let outcome = script(&format!("{run} 'grep SigBlk /proc/self/status'"));
    assert!(outcome.stdout.contains("0000000000000000"), "{outcome:?}");
}

#[test]
fn a_signal_to_the_command_reaches_the_program() {
    let outcome = script(
        r#"
        "$HEAPWARDEN" run --pinpoint -- sh -c 'trap "echo told; exit 5" TERM; echo ready >ready
            while :; do sleep 0.01; done' &
        while ! test -e ready; do sleep 0.01; done
        kill -TERM $!; wait $!; echo $?"#,
    );
    assert_eq!(
        (outcome.stdout.as_str(), outcome.stderr.as_str()),
        ("told\n5\n", ""),
        "{outcome:?}"
    );
}

#[test]
fn who_interrupts_wants_no_other_run() {
    let Some(program) = c_program("moods.c") else { return };
    let text = r#"
        "$HEAPWARDEN" run --pinpoint -- sh -c 'trap "MOODS always; exit 5" TERM; echo ready >ready
            while :; do sleep 0.01; done' &
        while ! test -e ready; do sleep 0.01; done
        kill -TERM $!; wait $!; echo $?"#;
    let outcome = script(&text.replace("MOODS", program.to_str().expect("UTF-8")));
    assert!(outcome.stdout.ends_with("5\n"), "{outcome:?}");
    assert!(!outcome.stderr.contains("run 2"), "{outcome:?}");
    let line = "PINPOINT: not seen. It is not run again, for signal 15 was to end this run.\n";
    assert!(outcome.stderr.contains(line), "{outcome:?}");
}

#[test]
fn nothing_is_left_behind() {
    let outcome = script(r#""$HEAPWARDEN" run --pinpoint true; echo left; ls -A"#);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("left\n", ""));
}

#[test]
fn the_program_does_not_outlive_the_command() {
    let outcome = script(
        r#"
        "$HEAPWARDEN" run --pinpoint -- sh -c 'echo $$ >number; while :; do sleep 0.01; done' &
        while ! test -s number; do sleep 0.01; done
        kill -KILL $!; wait $! 2>/dev/null
        while kill -0 $(cat number) 2>/dev/null; do sleep 0.01; done; echo over"#,
    );
    assert_eq!(outcome.stdout, "over\n", "{outcome:?}");
}

#[test]
fn what_later_runs_print_is_not_seen() {
    let Some(program) = c_program("moods.c") else { return };
    let scratch = Scratch::new();
    let text = r#"echo out; echo err >&2; exec "$0" always"#;
    let program = program.to_str().expect("UTF-8");
    let outcome = counted(Path::new("sh"), &["-c", text, program], &scratch).on("debug");
    assert_eq!(runs(&scratch), 2, "{outcome:?}");
    assert_eq!(outcome.stdout, "out\n");
    assert_eq!(outcome.stderr.matches("err\n").count(), 1, "{outcome:?}");
}

#[test]
fn other_profiles_and_places_are_refused() {
    let Some(program) = c_program("moods.c") else { return };
    let outcome = Run::of(&program).arg("always").flag("--pinpoint").on("harden");
    assert!(outcome.exited(2).stderr.contains("chooses the profiles"), "{outcome:?}");
    for option in ["log_path=/tmp/l", "report_path=/tmp/r"] {
        let run = Run::of(&program).arg("always").flag("--pinpoint").option(option);
        assert!(run.on("debug").exited(2).stderr.contains("does not take"), "{option}");
    }
    let outcome = Run::of(&program).arg("always").flag("--rounds").flag("2").on("debug");
    assert!(outcome.exited(2).stderr.contains("--pinpoint"), "{outcome:?}");
}
