//! Goal: peak memory is the measured program's own, whatever the size of the runner.
//! Method: make this process large, then measure `true` with the spawner, and also the naive way to
//! show that the danger is real and that this test could fail.

use std::path::PathBuf;
use std::process::Command;

use heapwarden_bench::measure::{Finished, Spawner};
use heapwarden_bench::scratch::Scratch;

const RUNNER_BYTES: usize = 200 << 20;

fn spawner() -> Spawner {
    let executable = PathBuf::from(env!("CARGO_BIN_EXE_heapwarden-bench"));
    Spawner { executable, timeout_seconds: 20 }
}

fn run(command: &[&str], environment: &[&str]) -> Finished {
    let scratch = Scratch::new().unwrap();
    let words = |list: &[&str]| list.iter().map(Into::into).collect::<Vec<_>>();
    spawner().run(&scratch, &words(command), &words(environment)).unwrap()
}

/// The peak of `true` when this process spawns it directly: the trap that the shim avoids.
#[expect(clippy::zombie_processes, reason = "waited for by wait4")]
fn naive_peak_kib() -> i64 {
    let child = Command::new("true").spawn().unwrap();
    let mut status = 0;
    // SAFETY: rusage is plain integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the child is ours, nobody else waits for it, and both pointers are to locals.
    let waited = unsafe { libc::wait4(child.id() as i32, &mut status, 0, &mut usage) };
    assert_eq!(waited, child.id() as i32);
    usage.ru_maxrss
}

#[test]
fn the_runner_does_not_leak_into_the_peak() {
    let small = run(&["true"], &[]).measurement.peak_kib;
    let mut ballast = vec![0_u8; RUNNER_BYTES];
    ballast.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    let large = run(&["true"], &[]).measurement.peak_kib;
    let naive = naive_peak_kib();
    std::hint::black_box(&ballast);

    assert!(naive as usize >= RUNNER_BYTES >> 10, "the trap is gone: {naive} KiB");
    assert!(large < 6 * 1024, "`true` was charged {large} KiB");
    assert!(large.abs_diff(small) < 1024, "{small} KiB, then {large} KiB");
}

#[test]
fn a_program_is_charged_for_what_it_touches() {
    let command = ["dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"];
    let peak = run(&command, &[]).measurement.peak_kib;
    assert!((64 * 1024..80 * 1024).contains(&peak), "{peak} KiB");
}

#[test]
fn output_status_and_environment_are_the_programs_own() {
    let done =
        run(&["sh", "-c", "echo $A; echo $LD_LIBRARY_PATH; echo oops >&2; exit 3"], &["A=b"]);
    assert_eq!(done.stdout, b"b\n\n");
    assert_eq!(done.stderr, "oops\n");
    assert_eq!(done.measurement.failure().as_deref(), Some("exit status 3"));
    let killed = run(&["sh", "-c", "kill -SEGV $$"], &[]);
    assert_eq!(killed.measurement.failure().as_deref(), Some("killed by signal 11"));
    let missing = run(&["/nonexistent/program"], &[]);
    assert_eq!(missing.measurement.failure().as_deref(), Some("exit status 127"));
}

#[test]
fn sigpipe_kills_as_it_does_in_a_shell() {
    let command = "trap '' URG; sh -c 'kill -PIPE $$'; echo $?";
    assert_eq!(run(&["sh", "-c", command], &[]).stdout, b"141\n");
}
