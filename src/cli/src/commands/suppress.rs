//! `heapwarden suppress`: the lines for `suppressions=FILE` that hide what a report shows.
//!
//! A line names the function that a person would open first, and the remark above it says what it
//! hides. What only lost blocks lead to needs none: it goes with its owner.

use crate::failure::Failure;
use crate::output;
use crate::report_file::{self, Frame, LeakRecord, Sources, Tally};
use heapwarden::report::text::is_plumbing;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Arguments {
    /// Report files, or folders of them; FILE stands for FILE.PID of other processes as well
    #[arg(required = true, value_name = "REPORT")]
    files: Vec<PathBuf>,

    /// Read FILE alone, without FILE.PID
    #[arg(long)]
    alone: bool,
}

impl Arguments {
    pub fn perform(self) -> Result<(), Failure> {
        let sources = Sources { paths: &self.files, with_siblings: !self.alone };
        let report =
            report_file::load(&sources, &mut |sentence| eprintln!("heapwarden: {sentence}"))?;
        let records = report.leaks.as_ref().map_or(&[][..], |leaks| &leaks.records);
        output::print(lines(records).as_bytes())
    }
}

/// What one pattern hides.
struct Line {
    pattern: String,
    hidden: Tally,
    /// Where the first of the stacks has that function.
    place: Option<String>,
}

fn lines(records: &[LeakRecord]) -> String {
    let mut lines: Vec<Line> = Vec::new();
    let mut nameless = Tally::default();
    for record in records.iter().filter(|one| matches!(&*one.kind, "definite" | "possible")) {
        let mut hidden = record.own();
        hidden.add(record.retained());
        let Some((pattern, place)) = pattern(&record.stack) else {
            nameless.add(hidden);
            continue;
        };
        match lines.iter_mut().find(|line| line.pattern == pattern) {
            Some(line) => line.hidden.add(hidden),
            None => lines.push(Line { pattern, hidden, place }),
        }
    }
    let mut text = String::new();
    for line in &lines {
        let place = line.place.as_ref().map_or(String::new(), |place| format!(", at {place}"));
        text += &format!("# {}{place}\nleak:{}\n", amount(line.hidden), line.pattern);
    }
    if nameless.blocks > 0 {
        text += &format!("# {} without a stack: no pattern can name them\n", amount(nameless));
    }
    text
}

fn amount(tally: Tally) -> String {
    let s = |count| if count == 1 { "" } else { "s" };
    let Tally { bytes, blocks } = tally;
    format!("{bytes} byte{} in {blocks} block{}", s(bytes), s(blocks))
}

/// The pattern for a stack, and its line of source if that is known.
fn pattern(stack: &[Frame]) -> Option<(String, Option<String>)> {
    let named = |frame: &&Frame| frame.function.as_ref().is_some_and(|name| !name.is_empty());
    let chosen = stack
        .iter()
        .filter(named)
        .find(|frame| !frame.function.as_deref().is_some_and(is_plumbing))
        .or_else(|| stack.iter().find(named));
    if let Some(frame) = chosen {
        let place =
            frame.file.as_ref().zip(frame.line).map(|(file, line)| format!("{file}:{line}"));
        return Some((exactly(frame.function.as_deref()?), place));
    }
    let module = stack.iter().find_map(|frame| frame.module.as_deref())?;
    let name = Path::new(module).file_name()?.to_string_lossy();
    // A module is matched by its whole path.
    Some((format!("/{}$", plain(&name)), None))
}

/// A pattern for this name and no longer one.
fn exactly(name: &str) -> String {
    format!("^{}$", plain(name))
}

/// The end cannot be named within a name; anything can stand in its place. A `*` stands for itself,
/// too.
fn plain(name: &str) -> String {
    name.replace(['$', '\n', '\r'], "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, module: &str) -> Frame {
        Frame {
            function: (!function.is_empty()).then(|| function.to_owned()),
            module: Some(module.to_owned()),
            file: (function == "make_name").then(|| "/src/name.c".to_owned()),
            line: Some(30),
            ..Frame::default()
        }
    }

    fn record(kind: &str, bytes: u64, stack: Vec<Frame>) -> LeakRecord {
        LeakRecord { kind: kind.to_owned(), bytes, blocks: 1, stack, ..LeakRecord::default() }
    }

    #[test]
    fn each_function_gets_one_line_with_all_that_it_hides() {
        let stack =
            || vec![frame("operator new(unsigned long)", "/l.so"), frame("make_name", "/p")];
        let records = [
            LeakRecord { retained_bytes: 64, retained_blocks: 2, ..record("definite", 7, stack()) },
            record("indirect", 64, vec![frame("inner", "/p")]),
            record("possible", 1, stack()),
            record("reachable", 9, vec![frame("kept", "/p")]),
            record("definite", 5, vec![frame("", "/usr/lib/libx.so.1")]),
            record("definite", 3, vec![frame("Rc<T>::new::$u7b$", "/p")]),
            record("definite", 2, vec![]),
        ];
        assert_eq!(
            lines(&records),
            "# 72 bytes in 4 blocks, at /src/name.c:30\nleak:^make_name$\n\
             # 5 bytes in 1 block\nleak:/libx.so.1$\n\
             # 3 bytes in 1 block\nleak:^Rc<T>::new::*u7b*$\n\
             # 2 bytes in 1 block without a stack: no pattern can name them\n"
        );
    }

    #[test]
    fn a_report_without_leaks_gives_no_line() {
        assert_eq!(lines(&[]), "");
    }
}
