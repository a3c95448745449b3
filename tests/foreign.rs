//! Pointers that are no live block of ours: those of another allocator go there, for the others the
//! program ends as on glibc.

mod support;

use support::{PROFILES, Run, c_program, self_checking};

#[test]
fn blocks_of_libc_go_to_libc() {
    self_checking("foreign_blocks.c", &[]);
}

/// Gives back a wrong pointer; the program must end with a line that says so.
fn ends_with(way: &str, message: &str) {
    let Some(program) = c_program("foreign_blocks.c") else { return };
    for profile in PROFILES {
        let outcome = Run::of(&program).arg(way).on(profile);
        outcome.killed_by(libc::SIGABRT);
        let starts = outcome.stderr.starts_with(&format!("heapwarden: {message} 0x"));
        assert!(starts && outcome.stderr.lines().count() == 1, "{outcome:?}");
    }
}

#[test]
fn an_address_inside_a_block_is_refused() {
    ends_with("inside-1-free", "free(): an earlier invalid pointer");
    ends_with("inside-2-free", "free(): invalid pointer");
    ends_with("inside-3-free", "free(): invalid pointer");
    ends_with("inside-1-realloc", "realloc(): invalid pointer");
    ends_with("inside-2-realloc", "realloc(): invalid pointer");
    ends_with("inside-3-realloc", "realloc(): invalid pointer");
}

#[test]
fn a_second_free_is_refused() {
    ends_with("twice-1-free", "free(): an earlier double free of");
    ends_with("twice-2-free", "free(): double free of");
}
