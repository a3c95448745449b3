//! Reads and writes, by the program and by libc, before, after and in freed blocks of every size.

use crate::support::{Outcome, Run, Scratch, c_program, report_file};
use serde_json::Value;

const SOURCE: &str = include_str!("../programs/guard_accesses.c");
/// Sizes from 1 to 5,000 bytes, and 1 MiB.
const BLOCKS: u64 = 5001;

/// Where an access goes, and what it must be called.
struct Place {
    name: &'static str,
    kind: &'static str,
    options: &'static [&'static str],
    /// Where the address lies, seen from a block of 24 bytes.
    words: &'static str,
}

const AFTER: Place = Place {
    name: "after",
    kind: "heap-buffer-overflow",
    options: &["guard_alignment=1"],
    words: "0 bytes after 24-byte region",
};
const PAGE_AFTER: Place = Place { name: "page", words: "4096 bytes after 24-byte region", ..AFTER };
const BEFORE: Place = Place {
    name: "before",
    kind: "heap-buffer-underflow",
    options: &["align=left"],
    words: "1 bytes before 24-byte region",
};
const FREED: Place = Place {
    name: "freed",
    kind: "heap-use-after-free",
    options: &[],
    words: "12 bytes inside of 24-byte region",
};
const PLACES: [Place; 4] = [AFTER, PAGE_AFTER, BEFORE, FREED];

/// How it is made, and in which function of the program.
struct Access {
    name: &'static str,
    function: &'static str,
    action: &'static str,
    /// Bytes, if the instruction shows them.
    size: Option<u64>,
}

const ACCESSES: [Access; 11] = [
    Access { name: "write", function: "write_byte", action: "write", size: Some(1) },
    Access { name: "read", function: "read_byte", action: "read", size: Some(1) },
    Access { name: "write-word", function: "write_word", action: "write", size: Some(8) },
    Access { name: "read-word", function: "read_word", action: "read", size: Some(8) },
    Access { name: "write-loop", function: "write_loop", action: "write", size: Some(1) },
    Access { name: "read-loop", function: "read_loop", action: "read", size: Some(1) },
    Access { name: "memcpy", function: "call_memcpy", action: "write", size: None },
    Access { name: "memcpy-from", function: "call_memcpy_from", action: "read", size: None },
    Access { name: "memset", function: "call_memset", action: "write", size: None },
    Access { name: "strlen", function: "call_strlen", action: "read", size: None },
    Access { name: "strcpy", function: "call_strcpy", action: "write", size: None },
];

fn run(place: &Place, access: &Access) -> Option<Run> {
    let mut run = Run::of(c_program("guard_accesses.c")?).args([place.name, access.name]);
    for option in place.options {
        run = run.option(option);
    }
    Some(run)
}

/// The line of the program that makes an access: the one with its name in a comment.
fn line_of(access: &Access) -> u64 {
    let comment = format!("/* {} */", access.name);
    let mut lines = SOURCE.lines().zip(1..);
    lines.find(|(line, _)| line.contains(&comment)).map(|(_, number)| number).expect("a comment")
}

fn frames<'a>(record: &'a Value, stack: &str) -> &'a [Value] {
    record[stack].as_array().map_or(&[], Vec::as_slice)
}

fn names(record: &Value, stack: &str, function: &str) -> bool {
    frames(record, stack).iter().any(|frame| frame["function"] == function)
}

fn check(record: &Value, place: &Place, access: &Access) {
    assert_eq!(record["kind"], place.kind, "{record:#}");
    assert_eq!(record["access"]["type"], access.action, "{record:#}");
    assert_eq!(record["access"]["found_by"], "fault", "{record:#}");
    if let Some(size) = access.size {
        assert_eq!(record["access"]["size"], size, "{record:#}");
    }
    let is_it = |frame: &&Value| frame["function"] == access.function;
    let frame = frames(record, "stack").iter().find(is_it).unwrap_or_else(|| panic!("{record:#}"));
    assert_eq!(frame["line"], line_of(access), "{record:#}");
    assert!(names(record, "alloc_stack", "make_block"), "{record:#}");
    assert_eq!(names(record, "free_stack", "drop_block"), place.name == "freed", "{record:#}");
}

/// The records of one process, which goes on after each report.
fn records(outcome: &Outcome, folder: &Scratch) -> Vec<Value> {
    outcome.exited(0);
    assert!(outcome.stdout.ends_with("ok\n"), "{outcome:?}");
    let file = report_file(&folder.path().join("report.json"));
    file["errors"].as_array().cloned().unwrap_or_default()
}

/// Every size: the same access from the same place is reported once, and counted.
fn all_sizes_fault(place: &Place, access: &Access) {
    let Some(run) = run(place, access) else { return };
    let folder = Scratch::new();
    let run = run.folder(folder.path()).option("on_error=continue").option("intercept=0");
    let outcome = run.option("report_path=report.json").on("guard");
    let records = records(&outcome, &folder);
    records.iter().for_each(|record| check(record, place, access));
    let count: u64 = records.iter().filter_map(|record| record["count"].as_u64()).sum();
    // What crosses into another page faults there once more.
    let may_cross = access.size != Some(1);
    assert!(count == BLOCKS || may_cross && count > BLOCKS, "{count}: {outcome:?}");
}

#[test]
fn an_access_behind_a_block_of_any_size_faults() {
    ACCESSES.iter().for_each(|access| all_sizes_fault(&AFTER, access));
}

#[test]
fn an_access_a_page_behind_a_block_of_any_size_faults() {
    ACCESSES.iter().for_each(|access| all_sizes_fault(&PAGE_AFTER, access));
}

#[test]
fn an_access_before_a_block_of_any_size_faults() {
    ACCESSES.iter().for_each(|access| all_sizes_fault(&BEFORE, access));
}

#[test]
fn an_access_to_a_freed_block_of_any_size_faults() {
    ACCESSES.iter().for_each(|access| all_sizes_fault(&FREED, access));
}

#[test]
fn without_the_kernels_marks_they_fault_as_well() {
    for place in PLACES {
        // So few blocks are live, and so few wait, that protection suffices for all.
        let options = ["guard_pages=mprotect", "guard_quarantine_mb=16"];
        let options: Vec<&str> = place.options.iter().copied().chain(options).collect();
        let options: &'static [&'static str] = options.leak();
        ACCESSES[..2]
            .iter()
            .for_each(|access| all_sizes_fault(&Place { options, ..place }, access));
    }
}

#[test]
fn the_text_says_what_happened_and_where_the_block_is() {
    for place in PLACES {
        for access in &ACCESSES[..2] {
            let Some(run) = run(&place, access) else { return };
            let outcome = run.arg("24").on("guard");
            outcome.killed_by(libc::SIGABRT);
            let report = outcome.report();
            assert_eq!(report.kind, place.kind, "{outcome:?}");
            let size = access.size.expect("known");
            let action = format!("{} of size {size} at 0x", access.action.to_uppercase());
            assert!(report.action.starts_with(&action), "{outcome:?}");
            assert_eq!(report.place().map(|place| place.0), Some(place.words), "{outcome:?}");
            let innermost = report.line("    #0 ").expect("a stack");
            let line = format!("guard_accesses.c:{}", line_of(access));
            assert!(innermost.contains(access.function), "{outcome:?}");
            assert!(innermost.ends_with(&line), "{innermost} for {line}");
        }
    }
}

#[test]
fn a_write_to_what_alignment_leaves_over_is_found_by_free() {
    let Some(run) = run(&AFTER, &ACCESSES[0]) else { return };
    let outcome = run.option("guard_alignment=16").arg("24").on("guard");
    outcome.killed_by(libc::SIGABRT);
    let report = outcome.report();
    assert_eq!(report.kind, "heap-buffer-overflow");
    assert!(report.action.contains("found afterwards by free"), "{outcome:?}");
    assert_eq!(report.place().map(|place| place.0), Some(AFTER.words), "{outcome:?}");
}

#[test]
fn a_write_before_a_right_aligned_block_is_found_by_free() {
    let Some(run) = run(&BEFORE, &ACCESSES[0]) else { return };
    let outcome = run.option("align=right").arg("24").on("guard");
    outcome.killed_by(libc::SIGABRT);
    let report = outcome.report();
    assert_eq!(report.kind, "heap-buffer-underflow");
    assert!(report.action.contains("found afterwards by free"), "{outcome:?}");
    assert_eq!(report.place().map(|place| place.0), Some(BEFORE.words), "{outcome:?}");
}
