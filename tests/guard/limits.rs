//! A million live guarded blocks, and what happens when pages or mappings run short.

use crate::support::{Outcome, Run, c_program, self_checking_under};
use std::fs;

const COUNT: u64 = 1_000_000;

fn million() -> Option<Run> {
    let run = Run::of(c_program("guard_million.c")?);
    Some(run.option("leaks=off").option("stats=1").seconds(600))
}

/// Whether the machine has the memory for it, and can spare it.
fn has_memory(kib: u64) -> bool {
    let text = fs::read_to_string("/proc/meminfo").expect("meminfo");
    let line = text.lines().find(|line| line.starts_with("MemAvailable:")).expect("a line");
    let available: u64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("KiB");
    if available < kib {
        eprintln!("skipped: {kib} KiB of memory are not available");
    }
    available >= kib
}

/// Whether this kernel can mark pages; else there is nothing to show.
fn has_marks() -> bool {
    // SAFETY: maps a page of its own, and marks it.
    let answer = unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let page = libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ, flags, -1, 0);
        libc::madvise(page, 4096, 102)
    };
    if answer != 0 {
        eprintln!("skipped: this kernel has no guard marks");
    }
    answer == 0
}

fn resident_kib(outcome: &Outcome) -> u64 {
    outcome.exited(0);
    assert!(outcome.stdout.ends_with("ok\n"), "{outcome:?}");
    let line = outcome.stdout.lines().find_map(|line| line.strip_prefix("resident "));
    line.and_then(|number| number.parse().ok()).expect("a number")
}

/// The blocks that were guarded and those that were not, as the statistics say.
fn counts(outcome: &Outcome) -> (u64, u64) {
    let line = outcome.stderr.lines().find_map(|line| line.strip_prefix("guarded"));
    let line = line.unwrap_or_else(|| panic!("{outcome:?}"));
    let numbers: Vec<u64> =
        line.split_whitespace().filter_map(|word| word.replace(',', "").parse().ok()).collect();
    (numbers[0], numbers[1])
}

fn notices(outcome: &Outcome) -> usize {
    outcome.stderr.matches("guard pages are short").count()
}

#[test]
fn a_million_live_blocks_have_their_pages_in_bounded_memory() {
    if !has_marks() || !has_memory(6 << 20) {
        return;
    }
    let Some(run) = million() else { return };
    let outcome = run.on("guard");
    // A page each, 256 bytes of tables, and 64 MiB for the stacks and all the rest.
    let most = COUNT * (4096 + 256) / 1024 + (64 << 10);
    let resident = resident_kib(&outcome);
    assert!(resident <= most, "{resident} KiB: {outcome:?}");
    assert!(resident >= COUNT * 4, "they cannot all have a page: {outcome:?}");
    let (guarded, refused) = counts(&outcome);
    assert!(guarded > COUNT && refused == 0, "{outcome:?}");
    assert_eq!(notices(&outcome), 0, "{outcome:?}");
}

#[test]
fn without_the_kernels_marks_the_rest_gets_canaries_and_one_notice() {
    let Some(run) = million() else { return };
    let outcome = run.option("guard_pages=mprotect").on("guard");
    resident_kib(&outcome);
    let (guarded, refused) = counts(&outcome);
    assert!(guarded > 1000 && refused > COUNT / 2, "{guarded} {refused}: {outcome:?}");
    assert_eq!(notices(&outcome), 1, "{outcome:?}");
}

#[test]
fn memory_for_guarded_blocks_is_bounded() {
    let Some(run) = million() else { return };
    let outcome = run.option("guard_mb=64").on("guard");
    let resident = resident_kib(&outcome);
    assert!(resident < 512 << 10, "{resident} KiB: {outcome:?}");
    let (guarded, refused) = counts(&outcome);
    assert!(guarded >= (64 << 20) / 4096 && refused > COUNT / 2, "{outcome:?}");
    assert_eq!(notices(&outcome), 1, "{outcome:?}");
}

#[test]
fn little_address_space_is_enough() {
    let Some(run) = million() else { return };
    // 768 MiB: far less than a million blocks of three pages take.
    let outcome = run.limit(libc::RLIMIT_AS, 768 << 20).on("guard");
    resident_kib(&outcome);
    let (guarded, refused) = counts(&outcome);
    assert!(guarded > 4_000 && refused > 0, "{outcome:?}");
    assert_eq!(notices(&outcome), 1, "{outcome:?}");
}

#[test]
fn memory_that_is_locked_is_guarded_by_protection() {
    self_checking_under(&["guard"], "guard_locked.c", &[]);
}
