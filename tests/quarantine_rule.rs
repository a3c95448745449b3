//! The structural rule: no way from free to reuse skips the checks. A write to a freed block is seen
//! for every size class, wherever on its way the block is, at the latest at exit; and a block that
//! went through everything is as well guarded as a fresh one.
//!
//! `debug` looks when a block leaves the quarantine, `harden` no later than when it is used again.

mod support;

use support::{Report, Run, c_program};

const PROFILES: [&str; 2] = ["debug", "harden"];

/// A stage of the program, and what its reports must be.
struct Stage {
    name: &'static str,
    kind: &'static str,
    /// Who may find it under each profile.
    found_by: FoundBy,
    /// Whether the quarantine is made small: rings of 64 slots at most, and a queue of 4 MiB or none.
    small: &'static [&'static str],
    /// Runs of pages as well as slots.
    runs: bool,
}

/// The finders that a profile's reports may name.
#[derive(Clone, Copy)]
struct FoundBy {
    debug: &'static [&'static str],
    harden: &'static [&'static str],
}

const fn both(finders: &'static [&'static str]) -> FoundBy {
    FoundBy { debug: finders, harden: finders }
}

const FREED: &str = "heap-use-after-free";
const OVERFLOW: &str = "heap-buffer-overflow";
/// Who sees a write to a block that then leaves the quarantine.
const LEAVING: FoundBy = FoundBy {
    debug: &["quarantine check"],
    // Runs of pages are looked at when they leave.
    harden: &["check before reuse", "quarantine check"],
};
const TRIMMED: FoundBy =
    FoundBy { debug: &["quarantine check"], harden: &["check before release", "exit check"] };
const USUAL: &[&str] = &[];
const RINGS_ONLY: &[&str] = &["ring_kb=1", "quarantine_mb=0"];
const RINGS_AND_QUEUE: &[&str] = &["ring_kb=1", "quarantine_mb=4"];

fn is_seen(stage: &Stage) {
    for profile in PROFILES {
        is_seen_under(profile, stage);
    }
}

fn is_seen_under(profile: &str, stage: &Stage) {
    let Some(program) = c_program("quarantine_rule.c") else { return };
    let mut run =
        Run::of(&program).args([stage.name, if stage.runs { "all" } else { "slots" }]).seconds(300);
    let fixed = ["on_error=exit", "symbolize=0", "check_every=0", "report=full"];
    for option in stage.small.iter().chain(&fixed) {
        run = run.option(option);
    }
    let outcome = run.on(profile);
    let mut count = 0;
    for part in outcome.stderr.split("case ").skip(1) {
        let (size, text) = part.split_once('\n').expect("a line");
        count += 1;
        if text == "fault\n" {
            continue;
        }
        let reports = Report::all(text);
        assert!(!reports.is_empty(), "{profile}: {size} bytes, {}: nothing is seen", stage.name);
        assert_eq!(reports.len(), 1, "{profile}: {size} bytes, {}: {text}", stage.name);
        let report = &reports[0];
        assert_eq!(report.kind, stage.kind, "{profile}: {size} bytes, {}: {text}", stage.name);
        let finder = |who: &&str| report.action.contains(&format!("found afterwards by {who} in"));
        // Very large runs are inaccessible while they wait: the access itself is seen.
        let is_run = size.parse::<usize>().expect("a size") > 32768;
        let seen = is_run && report.action.starts_with("WRITE of size 1 at 0x");
        let finders = match profile {
            "debug" => stage.found_by.debug,
            _ => stage.found_by.harden,
        };
        let found = finders.iter().any(finder);
        assert!(seen || found, "{profile}: {}: {text}", stage.name);
        assert!(report.line("-byte region [").is_some(), "{profile}: {}: {text}", stage.name);
    }
    outcome.exited(0);
    assert_eq!(outcome.stdout, "ok\n", "{outcome:?}");
    assert!(count > if stage.runs { 55 } else { 50 }, "{count} sizes");
}

#[test]
fn while_it_waits() {
    is_seen(&Stage {
        name: "freed",
        kind: FREED,
        found_by: both(&["exit check"]),
        small: USUAL,
        runs: true,
    });
}

#[test]
fn before_it_leaves_the_quarantine() {
    let found_by = LEAVING;
    is_seen(&Stage { name: "leaving", kind: FREED, found_by, small: RINGS_ONLY, runs: false });
}

#[test]
fn before_it_leaves_the_shared_queue() {
    let found_by = LEAVING;
    is_seen(&Stage { name: "leaving", kind: FREED, found_by, small: RINGS_AND_QUEUE, runs: true });
}

#[test]
fn after_it_left_the_quarantine() {
    is_seen(&Stage {
        name: "left",
        kind: FREED,
        found_by: both(&["exit check"]),
        small: RINGS_ONLY,
        runs: false,
    });
}

#[test]
fn before_it_is_handed_out_again() {
    let found_by = both(&["check before reuse"]);
    is_seen(&Stage { name: "reused", kind: FREED, found_by, small: RINGS_ONLY, runs: false });
}

#[test]
fn after_the_thread_that_freed_it_ended() {
    let name = "thread-end";
    is_seen(&Stage {
        name,
        kind: FREED,
        found_by: both(&["exit check"]),
        small: USUAL,
        runs: true,
    });
}

#[test]
fn before_another_thread_of_the_same_blocks_ends() {
    let name = "then-thread-end";
    is_seen(&Stage {
        name,
        kind: FREED,
        found_by: both(&["exit check", "quarantine check"]),
        small: USUAL,
        runs: true,
    });
}

#[test]
fn by_a_forked_child_that_inherited_it() {
    is_seen(&Stage {
        name: "child",
        kind: FREED,
        found_by: both(&["exit check"]),
        small: USUAL,
        runs: true,
    });
}

#[test]
fn before_its_slab_is_given_back() {
    let found_by = TRIMMED;
    is_seen(&Stage { name: "trimmed", kind: FREED, found_by, small: RINGS_ONLY, runs: false });
}

/// Out of quarantine, not yet handed out, and then its slab goes: the last moment to look.
#[test]
fn before_its_slab_is_given_back_after_it_left_the_quarantine() {
    let (name, found_by) = ("left-and-trimmed", both(&["check before release", "exit check"]));
    is_seen(&Stage { name, kind: FREED, found_by, small: RINGS_ONLY, runs: false });
}

#[test]
fn in_a_slot_that_was_recycled_in_every_way() {
    let name = "recycled-write";
    is_seen(&Stage {
        name,
        kind: FREED,
        found_by: both(&["exit check"]),
        small: RINGS_ONLY,
        runs: false,
    });
    let name = "recycled-overflow";
    is_seen(&Stage {
        name,
        kind: OVERFLOW,
        found_by: both(&["free"]),
        small: RINGS_ONLY,
        runs: false,
    });
}

#[test]
fn an_overflow_of_a_block_that_is_never_freed() {
    let name = "overflow-exit";
    is_seen(&Stage {
        name,
        kind: OVERFLOW,
        found_by: both(&["exit check"]),
        small: USUAL,
        runs: true,
    });
}

/// A block with a mapping of its own is inaccessible once it is freed.
#[test]
fn a_freed_mapping_faults() {
    let Some(program) = c_program("quarantine_fault.c") else { return };
    for profile in PROFILES {
        for access in ["write", "read"] {
            let outcome = Run::of(&program).arg(access).on(profile);
            assert_eq!(outcome.stdout, "", "{outcome:?}");
            // By the fault itself, or by a report of it.
            if !outcome.stderr.contains("ERROR: Heapwarden: heap-use-after-free on address 0x") {
                outcome.killed_by(libc::SIGSEGV);
            }
        }
        Run::of(&program).arg("clean").on(profile).is_ok();
    }
}
