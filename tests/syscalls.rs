//! How many system calls the heap costs: the same program with and without its work under strace.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use support::{PROFILES, Run, Scratch, c_program, installed, self_checking_under};

/// Lines in strace's log for `pairs` pairs of malloc(size) and free: one for each system call.
/// `None` where tracing is forbidden.
fn calls(program: &Path, profile: &str, size: usize, pairs: usize, held: usize) -> Option<usize> {
    let folder = Scratch::new();
    let log = folder.path().join("log");
    let strace = ["strace", "-f", "-qq", "-e", "signal=none", "-o"].map(OsStr::new);
    let wrapper = [&strace[..], &[log.as_os_str()]].concat();
    let numbers = [size, pairs, held].map(|number| number.to_string());
    let outcome = Run::of(program).args(numbers).on_within(&wrapper, profile);
    if !outcome.status.success() && outcome.stderr.contains("ptrace") {
        eprintln!("skipped: strace may not trace here: {}", outcome.stderr);
        return None;
    }
    outcome.is_ok();
    let lines = fs::read_to_string(&log).expect("strace's log").lines().count();
    assert!(lines > 10, "strace logged {lines} lines");
    Some(lines)
}

/// Asserts that `pairs` pairs cost fewer than `most` more system calls than none.
fn costs_fewer_than(most: usize, size: usize, pairs: usize, held: usize) {
    if !installed(&["strace"]) {
        return;
    }
    let Some(program) = c_program("syscalls_pairs.c") else { return };
    // With guard pages every pair has some.
    for profile in PROFILES.iter().filter(|profile| **profile != "guard") {
        let Some(without) = calls(&program, profile, size, 0, held) else { return };
        let Some(with) = calls(&program, profile, size, pairs, held) else { return };
        let cost = with.saturating_sub(without);
        // What waits in quarantine and the records kept of it come on top, once; and large blocks
        // change places with those that wait.
        let most = if *profile == "plain" { most } else { most + 40 + (size / 64).min(1000) };
        // One block in 5,000 is guarded, by four calls at most, and some more when it is handed on.
        let most = if *profile == "sample" { most + pairs / 5000 * 10 + 100 } else { most };
        assert!(cost < most, "{profile}: {pairs} pairs of {size} bytes cost {cost} system calls");
    }
}

#[test]
fn a_million_small_pairs() {
    costs_fewer_than(20, 100, 1_000_000, 1);
}

#[test]
fn small_pairs_with_others_held() {
    costs_fewer_than(20, 1000, 300_000, 64);
}

#[test]
fn pages() {
    costs_fewer_than(30, 20_000, 100_000, 16);
}

/// The threshold for mappings of their own adapts: after a few of these they come from a heap.
#[test]
fn a_loop_over_big_blocks_is_no_loop_of_mmap() {
    costs_fewer_than(200, 1 << 20, 10_000, 1);
    costs_fewer_than(300, 1 << 20, 10_000, 4);
}

/// A freed block of some MiB is inaccessible while it waits, but need not lose its pages for that.
#[test]
fn a_loop_over_very_large_blocks_is_no_loop_of_page_faults() {
    self_checking_under(&["debug", "sample", "harden"], "large_kept.c", &[]);
}
