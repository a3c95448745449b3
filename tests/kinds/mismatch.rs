//! alloc-dealloc-mismatch: every pair of functions that do not belong together, and those that do.

use crate::expect::{Block, Case, Stacks, is_silent};

/// Ways to get a block: the argument, the name in a report, the name in a report file, what it goes
/// back to.
const SOURCES: [(&str, &str, &str, &[&str]); 7] = [
    ("malloc", "malloc", "malloc", &["free", "realloc"]),
    ("calloc", "malloc", "malloc", &["free", "realloc"]),
    ("memalign", "aligned_alloc", "memalign", &["free", "realloc"]),
    ("new", "operator new", "new", &["delete"]),
    ("new[]", "operator new []", "new[]", &["delete[]"]),
    ("aligned-new", "operator new (aligned)", "aligned new", &["aligned-delete"]),
    ("aligned-new[]", "operator new [] (aligned)", "aligned new[]", &["aligned-delete[]"]),
];

/// Ways to give it back: the argument, what a report says of it, the function's name.
const SINKS: [(&str, &str, &str); 6] = [
    ("free", "released by free", "free"),
    ("realloc", "resized by realloc", "realloc"),
    ("delete", "released by operator delete", "operator delete"),
    ("delete[]", "released by operator delete []", "operator delete[]"),
    ("aligned-delete", "released by operator delete (aligned)", "operator delete(align_val_t)"),
    (
        "aligned-delete[]",
        "released by operator delete [] (aligned)",
        "operator delete[](align_val_t)",
    ),
];

const SOURCE: &str = "kind_mismatch.cpp";

fn check(source: usize) {
    let (make, made_by, family, partners) = SOURCES[source];
    for (sink, dropped_by, function) in SINKS {
        if partners.contains(&sink) {
            is_silent(SOURCE, &[make, sink], &[]);
            continue;
        }
        // Without stacks malloc and delete may belong together (see `is_certain` in the library).
        let only_with_stacks = source <= 2 && sink.contains("delete");
        let action = format!("block from {made_by} {dropped_by}, in thread T0");
        let case = Case {
            source: SOURCE,
            args: &[make, sink],
            kind: "alloc-dealloc-mismatch",
            action: &action,
            found_by: function,
            place: "0 bytes inside of 40-byte region",
            block: Some(Block { size: 40, offset: 0, family, state: "live" }),
            stacks: Stacks {
                access: &["drop_by", "main"],
                allocated: &["make_by", "main"],
                freed: &[],
            },
            ..Case::NONE
        };
        if only_with_stacks {
            case.is_reported_under("debug");
        } else {
            case.is_reported();
        }
    }
}

/// What libc made is never an `operator new`'s, whoever deletes it.
#[test]
fn of_what_libc_made() {
    for sink in ["delete", "delete[]"] {
        Case {
            source: SOURCE,
            args: &["strdup", sink],
            kind: "alloc-dealloc-mismatch",
            action: "block from malloc released by operator delete",
            found_by: if sink == "delete" { "operator delete" } else { "operator delete[]" },
            place: "0 bytes inside of 40-byte region",
            block: Some(Block { size: 40, offset: 0, family: "malloc", state: "live" }),
            stacks: Stacks {
                access: &["drop_by", "main"],
                allocated: &["make_by", "main"],
                freed: &[],
            },
            ..Case::NONE
        }
        .is_reported_under("debug");
    }
    is_silent(SOURCE, &["strdup", "free"], &[]);
}

#[test]
fn switched_off() {
    is_silent(SOURCE, &["new", "free"], &["alloc_dealloc_mismatch=0"]);
    is_silent(SOURCE, &["malloc", "delete"], &["alloc_dealloc_mismatch=0"]);
}

#[test]
fn of_malloc() {
    check(0);
    check(1);
}

#[test]
fn of_memalign() {
    check(2);
}

#[test]
fn of_new() {
    check(3);
    check(4);
}

#[test]
fn of_aligned_new() {
    check(5);
    check(6);
}
