//! What libc's manual promises of malloc and its relatives, entry point by entry point.

mod support;

use std::fs;
use support::{Outcome, PROFILES, Run, Scratch, c_program, installed, self_checking};

#[test]
fn free_keeps_errno() {
    self_checking("abi_errno.c", &[]);
}

#[test]
fn impossible_requests_get_null_and_errno() {
    self_checking("abi_impossible.c", &[]);
}

#[test]
fn every_alignment_up_to_four_mebibytes() {
    self_checking("abi_alignment.c", &[]);
}

#[test]
fn realloc_keeps_contents_between_all_sizes() {
    self_checking("abi_realloc.c", &[]);
}

#[test]
fn zero_sizes_are_unique_and_calloc_is_zero() {
    self_checking("abi_zero.c", &[]);
}

#[test]
fn usable_bytes_are_usable() {
    self_checking("abi_usable_size.c", &[]);
}

#[test]
fn trim_gives_memory_back() {
    self_checking("abi_trim.c", &[]);
}

#[test]
fn what_libc_allocates_is_on_our_heap() {
    self_checking("abi_libc_callers.c", &[]);
}

#[test]
fn cfree_and_the_sized_frees() {
    self_checking("abi_relics.c", &[]);
}

#[test]
fn ten_million_live_blocks() {
    let Some(program) = c_program("abi_ten_million.c") else { return };
    for profile in PROFILES {
        // With stacks, a record of 32 bytes is kept of each.
        let records = ["debug", "guard", "leak"].contains(profile);
        let most = if records { "900000" } else { "700000" };
        let run = Run::of(&program).arg(most);
        if *profile == "guard" {
            // A page each would be 40 GB.
            let outcome = run.option("guard_mb=16").on(profile);
            assert!(outcome.exited(0).stdout.ends_with("ok\n"), "{outcome:?}");
            continue;
        }
        run.on(profile).is_ok();
    }
}

#[test]
fn malloc_info_is_xml_and_mallinfo_counts() {
    let Some(program) = c_program("abi_statistics.c") else { return };
    let python = installed(&["python3"]);
    for profile in PROFILES {
        let outcome = Run::of(&program).args(used_at_most(profile)).on(profile);
        outcome.exited(0);
        assert_eq!(outcome.stderr, "", "{outcome:?}");
        assert!(outcome.stdout.starts_with("<malloc version="), "{outcome:?}");
        if python {
            well_formed(&outcome);
        }
    }
}

/// What is in use for so many bytes asked for, at most that many times: with guard pages a block takes
/// three.
fn used_at_most(profile: &str) -> &'static [&'static str] {
    if profile == "guard" { &["13"] } else { &["2"] }
}

/// Parses it and finds what glibc's readers look for: the total in use and from the system.
fn well_formed(outcome: &Outcome) {
    let folder = Scratch::new();
    fs::write(folder.path().join("info.xml"), &outcome.stdout).expect("info.xml");
    let text = r#"
import xml.etree.ElementTree as tree
root = tree.parse("info.xml").getroot()
assert root.tag == "malloc", root.tag
assert root.findall("heap"), "no heap"
system = [int(entry.get("size")) for entry in root.findall("system") if entry.get("type") == "current"]
assert len(system) == 1 and system[0] > 2000000, system
assert root.findall("total"), "no total"
print("ok")
"#;
    Run::of("python3").args(["-c", text]).folder(folder.path()).on_libc().is_ok();
}

#[test]
fn malloc_stats_writes_to_stderr() {
    let Some(program) = c_program("abi_statistics.c") else { return };
    for profile in PROFILES {
        let outcome = Run::of(&program).args(used_at_most(profile)).arg("stats").on(profile);
        outcome.exited(0);
        assert_eq!(outcome.stdout, "", "{outcome:?}");
        assert!(outcome.stderr.starts_with("heapwarden: statistics of process "), "{outcome:?}");
    }
}
