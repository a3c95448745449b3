//! Cuts reports out of the text that the library wrote: each stands between its rule and its `SUMMARY:`
//! line, or is one line with `report=line`.

use crate::report_file::{Error, hexadecimal};
use std::ops::Range;

const SUMMARY: &str = "SUMMARY: ";
const ERROR: &str = "ERROR: ";
/// Behind the kind in the first line.
const AT: &str = " on address ";

/// Where a report stands in a text.
pub struct Report {
    /// Its first line, which names process, kind and address.
    start: usize,
    /// Behind that line.
    inside: usize,
    /// Its summary, or its end if it has none.
    summary: usize,
}

impl Report {
    /// That of an error of a process.
    pub fn find(text: &str, process: u32, error: &Error) -> Option<Report> {
        let who = format!("=={process}=={ERROR}");
        let address = hexadecimal(&error.address)?;
        let mut position = 0;
        for line in text.split_inclusive('\n') {
            let start = position;
            position += line.len();
            // Not by its kind, which has another name in another dialect.
            if line.contains(&who) && address_of(line) == Some(address) {
                return Some(Report { start, inside: position, summary: end(text, position) });
            }
        }
        None
    }

    /// What it says below its first line; of one that is a line, that line.
    pub fn body<'a>(&self, text: &'a str) -> &'a str {
        let start = if self.inside == self.summary { self.start } else { self.inside };
        text.get(start..self.summary).unwrap_or_default()
    }

    /// Where its first line names its kind.
    pub fn kind(&self, text: &str) -> Option<Range<usize>> {
        let line = text.get(self.start..self.inside)?;
        let end = line.find(AT)?;
        let start = line.get(..end)?.rfind(": ")? + 2;
        Some(self.start + start..self.start + end)
    }

    /// Its summary with the end of the line; empty if it has none.
    pub fn summary_line(&self, text: &str) -> Range<usize> {
        let rest = text.get(self.summary..).unwrap_or_default();
        let line = rest.split_inclusive('\n').next().filter(|line| line.contains(SUMMARY));
        self.summary..self.summary + line.map_or(0, str::len)
    }
}

/// The address that the first line of a report names.
fn address_of(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once(AT)?;
    let ends = |letter: char| !letter.is_ascii_alphanumeric();
    hexadecimal(rest.split(ends).next()?)
}

/// Where the summary line of a report starts; where it is one line, its end.
fn end(text: &str, inside: usize) -> usize {
    let mut position = inside;
    for line in text.get(inside..).unwrap_or_default().split_inclusive('\n') {
        if line.contains(SUMMARY) {
            return position;
        }
        if line.contains(ERROR) {
            break;
        }
        position += line.len();
    }
    inside
}
