//! Pointers that are no live block of ours: those of another allocator go there, for the others the
//! program ends, as on glibc or with a report.

mod support;

use support::{PROFILES, Run, c_program, self_checking};

#[test]
fn blocks_of_libc_go_to_libc() {
    self_checking("foreign_blocks.c", &[]);
}

/// Gives back a wrong pointer; the program must end with a line that says so, or with a report of
/// this kind.
fn ends_with(way: &str, message: &str, kind: &str) {
    let Some(program) = c_program("foreign_blocks.c") else { return };
    for profile in PROFILES {
        let outcome = Run::of(&program).arg(way).on(profile);
        outcome.killed_by(libc::SIGABRT);
        if *profile != "plain" {
            assert_eq!(outcome.report().kind, kind, "{outcome:?}");
            continue;
        }
        let starts = outcome.stderr.starts_with(&format!("heapwarden: {message} 0x"));
        assert!(starts && outcome.stderr.lines().count() == 1, "{outcome:?}");
    }
}

#[test]
fn an_address_inside_a_block_is_refused() {
    ends_with("inside-1-free", "free(): an earlier invalid pointer", "invalid-free");
    ends_with("inside-2-free", "free(): invalid pointer", "invalid-free");
    ends_with("inside-3-free", "free(): invalid pointer", "invalid-free");
    ends_with("inside-1-realloc", "realloc(): invalid pointer", "invalid-free");
    ends_with("inside-2-realloc", "realloc(): invalid pointer", "invalid-free");
    ends_with("inside-3-realloc", "realloc(): invalid pointer", "invalid-free");
}

#[test]
fn a_second_free_is_refused() {
    ends_with("twice-1-free", "free(): an earlier double free of", "double-free");
    ends_with("twice-2-free", "free(): double free of", "double-free");
}
