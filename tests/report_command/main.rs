//! `heapwarden report` from outside: hand-made reports with known answers in `tests/reports`, and
//! reports that demos write on Heapwarden's heap.
//!
//! What is printed is compared as a whole with the files in `tests/reports/expected`. To write those
//! anew: `HEAPWARDEN_WRITE_PAGES=1 cargo test --test report_command`.

#[path = "../support/mod.rs"]
mod support;

mod bad_files;
mod processes;
mod sarif;
mod text;
mod viewers;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use support::{Outcome, Run};

/// A file in `tests/reports`.
fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reports").join(name)
}

/// `heapwarden report ARGUMENTS`.
fn report<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Outcome {
    Run::of(env!("CARGO_BIN_EXE_heapwarden")).arg("report").args(arguments).on_libc()
}

/// What is printed for a sample, without a complaint.
fn printed(name: &str, arguments: &[&str]) -> String {
    let outcome =
        report([sample(name).as_os_str()].into_iter().chain(arguments.iter().map(OsStr::new)));
    outcome.exited(0);
    assert_eq!(outcome.stderr, "", "{outcome:?}");
    outcome.stdout
}

/// As [`printed`], as JSON.
fn json(name: &str, arguments: &[&str]) -> serde_json::Value {
    let text = printed(name, arguments);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
