//! What the end-to-end tests share: compile a small C or C++ program, run a child process with a
//! hard time limit on libc's heap or on Heapwarden's, and compare the two.
//!
//! Invariants: a child never outlives its test (it has a session of its own, which is killed as a
//! whole), a child that hangs is a failure that says where it hung, and a program that was meant to
//! run on Heapwarden proves that it did (see [`compare`] and `programs/check.h`).
//! Cost: about 10 ms a run, half a second once for each program that is compiled.

// Every test file is a crate of its own and uses its own part of this module.
#![allow(dead_code, unused_imports)]

mod compare;
mod compile;
mod hang;
mod process;
mod report;
mod scratch;
mod tools;

pub use compare::{Script, same_as_without};
pub use compile::{
    c_folder, c_library, c_library_with, c_program, c_program_with, programs, rust_program,
};
pub use process::{Outcome, Run, hear_the_user};
pub use report::{Report, report_file};
pub use scratch::Scratch;
pub use tools::installed;

/// The profiles every end-to-end test runs under.
pub const PROFILES: &[&str] = &["plain", "debug", "guard", "sample", "harden", "leak"];

/// The profile without checks, where the checked ones get less to do.
pub const UNCHECKED: &[&str] = &["plain"];

/// The profiles with checks.
pub const CHECKED: &[&str] = &["debug", "guard", "sample", "harden", "leak"];

/// Those whose blocks have canaries, and guard pages at most now and then.
pub const CANARIES: &[&str] = &["debug", "sample", "harden", "leak"];

/// The profiles in which chance does not choose blocks for guard pages: all but `sample`.
pub const CERTAIN: &[&str] = &["plain", "debug", "guard", "harden", "leak"];

/// What is said once when a block that was to have guard pages cannot have them.
pub const GUARDS_ARE_SHORT: &str = "heapwarden: guard pages are short (of mappings, memory or address space): further blocks get \
     canaries only\n";

/// Runs `programs/<source>` with `args` under every profile, in an empty folder. The program checks
/// itself: it must end with status 0, say nothing on stderr and print `ok` as its last line.
pub fn self_checking(source: &str, args: &[&str]) {
    self_checking_under(PROFILES, source, args);
}

/// As [`self_checking`], under some profiles.
pub fn self_checking_under(profiles: &[&str], source: &str, args: &[&str]) {
    let Some(program) = c_program(source) else { return };
    for profile in profiles {
        let folder = Scratch::new();
        let mut run = Run::of(&program).args(args).folder(folder.path());
        if *profile == "guard" {
            // What waits has tables, which every fork copies and some programs measure.
            run = run.option("guard_quarantine_mb=16");
        }
        run.on(profile).is_ok();
    }
}
