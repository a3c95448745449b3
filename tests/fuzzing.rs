//! What fuzzers ask of the library: driven by a small fuzzer in C, by libFuzzer where cargo-fuzz is
//! installed, and with the options that they set.

mod support;

use std::path::Path;
use std::process::Command;
use support::{Outcome, Run, Scratch, c_program, installed};

/// The small fuzzer with one input.
fn fuzzer(input: &str) -> Option<Run> {
    Some(Run::of(c_program("fuzzer.c")?).arg(input).looking_for_leaks())
}

/// How often a text stands in the output.
fn count(outcome: &Outcome, text: &str) -> usize {
    outcome.stderr.matches(text).count()
}

#[test]
fn hooks_see_every_block_and_may_allocate() {
    for profile in ["debug", "harden", "leak"] {
        let Some(run) = fuzzer("hooks") else { return };
        run.option("leaks=off").on(profile).is_ok();
        fuzzer("threads").expect("compiled before").on(profile).is_ok();
    }
}

#[test]
fn without_a_checked_heap_there_are_no_hooks() {
    let Some(run) = fuzzer("plain") else { return };
    run.on("plain").is_ok();
}

#[test]
fn a_hook_may_end_the_process_before_memory_is_touched() {
    let Some(run) = fuzzer("limit") else { return };
    let outcome = run.on("debug");
    outcome.exited(71);
    assert_eq!(outcome.stderr, format!("limit: {}\n", 3u64 << 30));
}

/// Runs an input that ends the process: the report, then the death callback, once, then the signal.
fn crash(input: &str, kind: &str) {
    let Some(run) = fuzzer(input) else { return };
    let outcome = run.on("debug");
    outcome.killed_by(libc::SIGABRT);
    let report = outcome.report();
    assert_eq!(report.kind, kind, "{outcome:?}");
    let artifact = format!("artifact: {input}\n");
    assert_eq!(count(&outcome, &artifact), 1, "{outcome:?}");
    assert!(outcome.stderr.ends_with(&format!("ABORTING\n{artifact}")), "{outcome:?}");
    assert_eq!(count(&outcome, "DEDUP_TOKEN: target--run--fuzz\n"), 1, "{outcome:?}");
}

#[test]
fn a_write_past_a_block_that_lives_on_is_blamed_on_the_input() {
    crash("overflow", "heap-buffer-overflow");
}

#[test]
fn a_write_after_free_is_blamed_on_the_input() {
    crash("after free", "heap-use-after-free");
}

#[test]
fn a_double_free_writes_the_input() {
    crash("twice", "double-free");
}

#[test]
fn what_is_not_verified_is_found_later() {
    let Some(run) = fuzzer("after free") else { return };
    let outcome = run.option("fuzz_verify=0").on("debug");
    outcome.killed_by(libc::SIGABRT);
    let report = outcome.report();
    assert_eq!(report.kind, "heap-use-after-free", "{outcome:?}");
    assert!(report.action.contains("by exit check"), "{outcome:?}");
}

#[test]
fn a_leak_is_found_after_its_input_and_told_once() {
    let Some(run) = fuzzer("leak") else { return };
    for profile in ["debug", "leak"] {
        let outcome = run.on(profile);
        outcome.exited(77);
        let told = "Heapwarden: 24 bytes in 1 block leaked, found by __lsan_do_recoverable";
        assert_eq!(count(&outcome, told), 1, "{outcome:?}");
        assert_eq!(count(&outcome, "leaked, found"), 1, "{outcome:?}");
        assert_eq!(count(&outcome, "artifact: leak\n"), 1, "{outcome:?}");
    }
}

#[test]
fn a_crash_that_is_no_heap_bug_is_the_fuzzers() {
    let Some(run) = fuzzer("wild") else { return };
    let outcome = run.on("debug");
    outcome.killed_by(libc::SIGSEGV);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn addresses_and_memory_are_described() {
    let Some(run) = fuzzer("describe") else { return };
    let outcome = run.option("leaks=off").on("debug");
    outcome.exited(0);
    let described = outcome.stdout.lines().next().unwrap_or_default();
    assert!(described.starts_with("0x") && described.contains("|in main|"), "{outcome:?}");
    assert!(described.contains("fuzzer.c|"), "{outcome:?}");
    assert!(outcome.stderr.starts_with("    #0 0x"), "{outcome:?}");
    assert!(outcome.stderr.contains(" in describe "), "{outcome:?}");
    let memory = outcome.stderr.split_once("Live Heap Allocations: ").expect("the memory").1;
    assert!(memory.contains("\n3000000 byte(s) ("), "{outcome:?}");
    assert!(outcome.stderr.ends_with("through the log\n"), "{outcome:?}");
}

/// What ASAN_OPTIONS says counts with AddressSanitizer's dialect only.
#[test]
fn address_sanitizers_options_say_how_to_end_and_where_to_report() {
    let Some(run) = fuzzer("twice") else { return };
    let options = "abort_on_error=0:exitcode=42:symbolize=0:dedup_token_length=1";
    let run = run.env("ASAN_OPTIONS", options);
    run.on("debug").killed_by(libc::SIGABRT);
    let outcome = run.clone().option("dialect=asan").on("debug");
    outcome.exited(42);
    assert!(outcome.stderr.contains("AddressSanitizer: attempting double-free on"), "{outcome:?}");
    assert!(outcome.stderr.ends_with("artifact: twice\n"), "{outcome:?}");

    let folder = Scratch::new();
    let log = folder.path().join("HF.log");
    let options = format!("abort_on_error=1:dedup_token_length=1:log_path={}", log.display());
    let outcome = run.env("ASAN_OPTIONS", options).option("dialect=asan").on("debug");
    outcome.killed_by(libc::SIGABRT);
    assert_eq!(outcome.stderr, "artifact: twice\n");
    let files: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").flatten().collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let report = std::fs::read_to_string(file.path()).expect("the report");
    let name = file.file_name().into_string().expect("text");
    let process = name.strip_prefix("HF.log.").expect("the process");
    assert!(report.contains(&format!("\n=={process}==ERROR: AddressSanitizer: ")), "{report}");
    assert!(report.contains("\nDEDUP_TOKEN: target\nSUMMARY: "), "{report}");
}

/// A bug of the examples in fuzz/.
struct Planted {
    /// An input that leads there.
    input: &'static [u8],
    /// What its report says.
    said: &'static str,
    /// What the name of the artifact starts with.
    artifact: &'static str,
    /// How cargo-fuzz tells the end.
    ended: &'static str,
}

const ABORTED: &str = "exited with signal: 6 (SIGABRT)";

/// Those of both examples.
const PLANTED: [Planted; 4] = [
    Planted {
        input: b"w\x09abcdefghi",
        said: "ERROR: Heapwarden: heap-buffer-overflow on address",
        artifact: "crash-",
        ended: ABORTED,
    },
    Planted {
        input: b"c\x03abc",
        said: "ERROR: Heapwarden: heap-use-after-free on address",
        artifact: "crash-",
        ended: ABORTED,
    },
    Planted {
        input: b"t\x05abcde",
        said: "ERROR: Heapwarden: double-free on address",
        artifact: "crash-",
        ended: ABORTED,
    },
    Planted {
        input: b"k\x07abcdefg",
        said: "leaked, found by __lsan_do_recoverable_leak_check",
        artifact: "leak-",
        ended: "exited with exit status: 77",
    },
];

/// Finds a planted bug with libFuzzer, as docs/fuzzing.md says, from all of the input but its last byte.
fn find(target: &str, runner: Option<&str>, bug: &Planted) {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let folder = Scratch::new();
    let seeds = folder.path().join("seeds");
    std::fs::create_dir(&seeds).expect("a folder");
    let (_, seed) = bug.input.split_last().expect("not empty");
    std::fs::write(seeds.join("seed"), seed).expect("a seed");
    let artifacts = format!("{}/", folder.path().display());
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["fuzz", "run", "-s", "none", target]).arg(&seeds).arg("--");
    cargo.args(["-max_total_time=60", "-max_len=64", "-timeout=30"]);
    cargo.arg(format!("-artifact_prefix={artifacts}"));
    let tag = char::from(bug.input[0]).to_string();
    cargo
        .env("PLANTED", tag)
        .current_dir(project)
        .env_remove("RUSTFLAGS")
        .env_remove("HEAPWARDEN_OPTIONS");
    cargo.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("../fuzz"));
    if let Some(runner) = runner {
        cargo.env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", runner);
    }
    let output = cargo.output().expect("cargo");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{messages}");
    let written = format!("Test unit written to {artifacts}{}", bug.artifact);
    for text in [bug.said, &written, bug.ended] {
        assert!(messages.contains(text), "no `{text}` in:\n{messages}");
    }
}

#[test]
fn bugs_in_rust_are_found_by_cargo_fuzz_on_stable() {
    if !installed(&["cargo-fuzz", "g++"]) {
        return;
    }
    for bug in &PLANTED {
        find("planted_rust", None, bug);
    }
}

#[test]
fn bugs_in_c_are_found_by_cargo_fuzz_on_stable() {
    if !installed(&["cargo-fuzz", "g++", "gcc"]) {
        return;
    }
    let runner = format!("{} run --", env!("CARGO_BIN_EXE_heapwarden"));
    for bug in &PLANTED {
        find("planted_c", Some(&runner), bug);
    }
}
