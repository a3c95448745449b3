//! Report files: the schema of docs/reports.md as structures, and how files become one report.
//!
//! [`load`] finds the files that a command line means, reads them and merges them by stack.
//! A report that was made without names (`symbolize=0`) gets them from the files of its modules.
//!
//! Invariants: what this version does not know of a file is kept and written again; a file that
//! cannot be understood is named in one sentence, and nothing of it is used; counts are added with
//! saturation, so no file makes this panic.
//! Cost: a file is held in memory as a whole, about three times its size.

mod find;
mod identity;
mod merge;
mod model;
mod names;
mod read;
mod values;

use crate::failure::Failure;
use std::path::PathBuf;

pub use identity::{frame_name, rough, same_place};
pub use merge::admit;
pub use model::{
    Block, CallSite, Edge, Error, Frame, Holder, LeakRecord, Module, Pinpointed, Process, Report,
    Tally, hexadecimal,
};

/// What a command line asks to be read.
pub struct Sources<'a> {
    /// Files, folders, or `-` for standard input.
    pub paths: &'a [PathBuf],
    /// Whether `FILE` stands for `FILE.PID` as well.
    pub with_siblings: bool,
}

/// Files after which what has the same stack is joined: this bounds memory, and not every file costs
/// a comparison of all stacks.
const FILES_AT_ONCE: usize = 16;

/// Reads everything and merges it. What is left out of a folder is told to `complain`.
pub fn load(sources: &Sources<'_>, complain: &mut dyn FnMut(&str)) -> Result<Report, Failure> {
    let mut merged: Option<Report> = None;
    let mut waiting = 0;
    for file in find::files(sources)? {
        let mut report = match read::report(&file.path) {
            Ok(report) => report,
            Err(sentence) if file.is_named => return Err(Failure::usage(sentence)),
            Err(sentence) => {
                complain(&format!("left out: {sentence}"));
                continue;
            }
        };
        names::add(&mut report);
        let mut both = match merged {
            Some(other) => merge::merged(other, report),
            None => report,
        };
        waiting += 1;
        if waiting == FILES_AT_ONCE {
            merge::alike(&mut both);
            waiting = 0;
        }
        merged = Some(both);
    }
    let mut report = merged.ok_or_else(|| {
        let names: Vec<_> = sources.paths.iter().map(|path| path.display().to_string()).collect();
        Failure::usage(format!("no report of Heapwarden in {}", names.join(", ")))
    })?;
    merge::alike(&mut report);
    Ok(report)
}
