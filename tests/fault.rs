//! Faults: those that a heap bug led to are reported, all others happen as without us.

mod support;

use std::env;
use std::process::Command;
use support::{Outcome, Run, c_program, installed, self_checking};

fn bug(name: &str) -> Option<Run> {
    Some(Run::of(c_program("fault_bugs.c")?).arg(name))
}

/// Runs a bug under `debug`: it must be reported as `kind`, done by `action` in `function`.
fn reported(name: &str, kind: &str, action: &str, function: &str) -> Option<Outcome> {
    let outcome = bug(name)?.on("debug");
    outcome.killed_by(libc::SIGABRT);
    let report = outcome.report();
    assert_eq!(report.kind, kind, "{outcome:?}");
    assert!(report.action.starts_with(action), "{outcome:?}");
    assert!(report.line("    #0 ").is_some_and(|line| line.contains(function)), "{outcome:?}");
    assert!(
        report.lines[0].contains(" bp 0x") && report.lines[0].contains(" sp 0x"),
        "{outcome:?}"
    );
    Some(outcome)
}

#[test]
fn a_pointer_that_was_read_from_freed_memory() {
    for (name, action, function) in [
        ("freed-pointer", "READ of size 4 at 0xdfdfdfdfdfdfdfe7", "use_pointer"),
        ("freed-pointer-write", "WRITE of size 4 at 0xdfdfdfdfdfdfdfe7", "write_pointer"),
        ("freed-index", "READ of size 1 at 0x", "use_index"),
    ] {
        let Some(outcome) = reported(name, "heap-use-after-free", action, function) else { return };
        let report = outcome.report();
        let hint = report.line("HINT: ").expect("a hint");
        assert!(hint.contains("was read from freed memory"), "{outcome:?}");
        let block = report.line("A register still points into").expect("the block");
        assert!(block.contains("24-byte region") && block.ends_with("freed"), "{outcome:?}");
        assert!(report.line("freed by thread T0 here:").is_some(), "{outcome:?}");
        assert!(report.line("in drop_node").is_some(), "{outcome:?}");
        assert!(report.line("in make_node").is_some(), "{outcome:?}");
    }
}

#[test]
fn a_function_pointer_in_a_freed_block() {
    let action = "READ of size 8 at 0x";
    let found = reported("freed-function", "heap-use-after-free", action, "use_function");
    let Some(outcome) = found else { return };
    let place = outcome.report().place().map(|(words, _)| words.to_owned());
    assert_eq!(place.as_deref(), Some("16 bytes inside of 24-byte region"), "{outcome:?}");
}

#[test]
fn a_large_freed_block_is_inaccessible() {
    for (name, action, function, offset) in [
        ("big-write", "WRITE of size 1", "write_big", 100),
        ("big-read", "READ of size 8", "read_big", 4096),
    ] {
        let Some(outcome) = reported(name, "heap-use-after-free", action, function) else { return };
        let report = outcome.report();
        let words = format!("{offset} bytes inside of 50331648-byte region");
        assert_eq!(report.place().map(|place| place.0), Some(words.as_str()), "{outcome:?}");
        assert!(report.line("in drop_big").is_some(), "{outcome:?}");
        assert!(report.line("in make_big").is_some(), "{outcome:?}");
    }
}

#[test]
fn so_is_one_whose_pages_are_kept() {
    for (name, action, function, offset) in [
        ("kept-write", "WRITE of size 1", "write_big", 100),
        ("kept-read", "READ of size 8", "read_big", 4096),
    ] {
        let Some(outcome) = reported(name, "heap-use-after-free", action, function) else { return };
        let words = format!("{offset} bytes inside of 3145728-byte region");
        let place = outcome.report().place().map(|(words, _)| words.to_owned());
        assert_eq!(place, Some(words), "{outcome:?}");
        assert!(outcome.report().line("in make_kept").is_some(), "{outcome:?}");
    }
}

#[test]
fn just_outside_of_a_large_block() {
    for (name, kind, words) in [
        ("past-big", "heap-buffer-overflow", "8192 bytes after 50331648-byte region"),
        ("before-big", "heap-buffer-underflow", "8192 bytes before 50331648-byte region"),
    ] {
        let Some(outcome) = reported(name, kind, "WRITE of size 1", "write_outside") else {
            return;
        };
        let report = outcome.report();
        assert_eq!(report.place().map(|place| place.0), Some(words), "{outcome:?}");
        assert!(report.line("HINT: the block is the nearest one").is_some(), "{outcome:?}");
    }
}

#[test]
fn a_pointer_that_nobody_initialised_is_told_in_a_line() {
    let Some(run) = bug("fresh-pointer") else { return };
    let outcome = run.on("debug");
    outcome.killed_by(libc::SIGSEGV);
    let line = outcome.stderr.trim_end();
    assert!(line.starts_with("heapwarden: fault: READ at 0xbebebebebebebec6 (pc "), "{outcome:?}");
    assert!(line.contains("uninitialised") && !line.contains('\n'), "{outcome:?}");
}

#[test]
fn what_has_nothing_to_do_with_the_heap_happens_as_without_us() {
    for name in ["null", "wild", "sent", "sent-bus", "bus", "deep"] {
        let Some(run) = bug(name) else { return };
        let (without, with) = (run.on_libc(), run.on("debug"));
        assert_eq!(with.status, without.status, "{with:?}");
        assert_eq!(with.stderr, "", "{with:?}");
    }
}

#[test]
fn the_actions_after_a_report_hold_for_faults() {
    let Some(run) = bug("freed-pointer") else { return };
    run.clone().option("on_error=exit").option("exit_code=42").on("debug").exited(42);
    // It cannot go on: it ends as it would without us.
    let outcome = run.clone().option("on_error=continue").on("debug");
    outcome.killed_by(libc::SIGSEGV);
    assert_eq!(outcome.report().kind, "heap-use-after-free");
    let outcome = run.option("handle_segv=0").on("debug");
    outcome.killed_by(libc::SIGSEGV);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn a_program_that_handles_its_own_faults_notices_nothing() {
    self_checking("fault_handlers.c", &[]);
}

/// Not a test of its own: what the next one runs in a process of its own.
#[test]
fn rust_overflow_child() {
    if env::var_os("HEAPWARDEN_TEST_DEEP").is_none() {
        return;
    }
    fn deep(depth: usize) -> usize {
        let frame = std::hint::black_box([depth; 64]);
        if depth == usize::MAX { 0 } else { deep(depth + 1) + frame[0] }
    }
    std::thread::Builder::new().name("diver".into()).spawn(|| deep(0)).unwrap().join().unwrap();
}

#[test]
fn rust_still_says_that_a_stack_has_overflowed() {
    let run = Run::of(env::current_exe().expect("this program"))
        .args(["--exact", "rust_overflow_child", "--nocapture"])
        .env("HEAPWARDEN_TEST_DEEP", "1");
    for outcome in [run.on_libc(), run.on("debug")] {
        outcome.killed_by(libc::SIGABRT);
        assert!(outcome.stderr.contains("thread 'diver'"), "{outcome:?}");
        assert!(outcome.stderr.contains("has overflowed its stack"), "{outcome:?}");
        assert!(!outcome.stderr.contains("Heapwarden"), "{outcome:?}");
    }
}

#[test]
fn pythons_fault_handler_has_its_say() {
    let works = |tool: &str| Command::new(tool).arg("--version").output().is_ok();
    if !installed(&["python3"]) || !works("python3") {
        return;
    }
    let script = "import ctypes; ctypes.string_at(16)";
    let run = Run::of("python3").args(["-X", "faulthandler", "-c", script]);
    let (without, with) = (run.on_libc(), run.on("debug"));
    assert_eq!(with.status, without.status, "{with:?}");
    assert!(with.stderr.starts_with("Fatal Python error: Segmentation fault"), "{with:?}");
}

/// Node's WebAssembly finds out-of-bounds accesses by faulting.
#[test]
fn webassembly_traps_stay_exceptions() {
    if !installed(&["node"]) {
        return;
    }
    // A function that loads from 65536 in a memory of one page, called a hundred times.
    let script = "const b = new Uint8Array([0,97,115,109,1,0,0,0, 1,4,1,96,0,0, 3,2,1,0, 5,3,1,0,1, \
        7,5,1,1,102,0,0, 10,12,1,10,0,65,128,128,4,40,2,0,26,11]); \
        const i = new WebAssembly.Instance(new WebAssembly.Module(b)); let n = 0; \
        for (let k = 0; k < 100; k++) { try { i.exports.f() } catch (e) { n++ } } console.log(n)";
    let outcome = Run::of("node").args(["-e", script]).on("debug");
    assert_eq!((outcome.exited(0).stdout.as_str(), outcome.stderr.as_str()), ("100\n", ""));
}
