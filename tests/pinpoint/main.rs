//! `heapwarden run --pinpoint`: the line that did the damage, though it was found much later.

#[path = "../support/mod.rs"]
mod support;

mod bugs;
mod inputs;
mod manners;
mod moods;
mod terminal;

use std::fs;
use std::path::Path;
use support::{Outcome, Run, Scratch};

/// A command that notes each of its runs in a file of the scratch folder.
fn counted(program: &Path, arguments: &[&str], scratch: &Scratch) -> Run {
    Run::of("sh")
        .args(["-c", r#"echo run >>"$RUNS"; exec "$0" "$@""#])
        .arg(program)
        .args(arguments)
        .env("RUNS", scratch.path().join("runs"))
        .folder(scratch.path())
        .flag("--pinpoint")
}

/// How often it ran.
fn runs(scratch: &Scratch) -> usize {
    fs::read_to_string(scratch.path().join("runs")).map_or(0, |text| text.lines().count())
}

/// The line of the report that starts with `PINPOINT: `, and those below it.
fn pinpoint(outcome: &Outcome) -> (String, Vec<String>) {
    let report = outcome.report();
    let lines = &report.lines;
    let position = lines.iter().position(|line| line.starts_with("PINPOINT: "));
    let position = position.unwrap_or_else(|| panic!("no PINPOINT: {outcome:?}"));
    (lines[position].clone(), lines[position + 1..].to_vec())
}
