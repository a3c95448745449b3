//! The report file: complete and valid JSON after each report.
//!
//! What follows the list of errors is written anew behind each record, in the same write. Shrinking
//! is never needed: a shorter end is padded with blanks, which JSON allows. Offsets are our own and
//! the file's position is not used, so that a forked child cannot disturb its parent's file.

use super::record::record;
use super::statistics::Reach;
use super::{document, leaks};
use crate::mapped::List;
use crate::options::Options;
use crate::report::LeakFacts;
use crate::report::descriptor::{Kept, write_at};
use crate::report::facts::Facts;
use crate::report::file_name::{self, FileName};
use crate::report::folder;
use crate::symbolize::Symbolizer;
use crate::text::{Sink, Writer, complain, number};

/// Where the digits of its count start in a record: behind `{"count": `.
const RECORD_COUNT_OFFSET: u64 = r#"{"count": "#.len() as u64;

/// The report file of a process.
pub(in crate::report) struct ReportFile {
    /// The process it belongs to; a child inherits this structure and starts its own.
    process: u32,
    file: Option<Kept>,
    errors: u64,
    /// Where the next error goes.
    errors_end: u64,
    length: u64,
    /// What a check found of leaks, as it stands behind the errors.
    leaks: List<u8>,
    /// The pointers into freed blocks that are among the errors: where, and to which block.
    dangling: List<(usize, usize)>,
}

impl ReportFile {
    pub const fn new() -> ReportFile {
        ReportFile {
            process: 0,
            file: None,
            errors: 0,
            errors_end: 0,
            length: 0,
            leaks: List::new(),
            dangling: List::new(),
        }
    }

    /// Writes the file without errors, if this process has none yet.
    pub fn start(
        &mut self,
        options: &Options,
        process: u32,
        symbols: &mut dyn Symbolizer,
        buffer: &mut [u8],
    ) {
        if self.process == process || options.report_path.as_bytes().is_empty() {
            return;
        }
        *self = ReportFile { process, file: open(options, process), ..ReportFile::new() };
        let Some(mut portion) = Portion::at(self.file, 0, buffer) else { return };
        document::head(&mut Writer::new(&mut portion), process, options);
        self.errors_end = portion.end();
        document::tail(&mut Writer::new(&mut portion), symbols, &[], Reach::WithoutLocks);
        self.length = portion.end();
    }

    /// Adds an error. Returns where the digits of its count are in the file.
    pub fn add(
        &mut self,
        facts: &Facts<'_>,
        symbols: &mut dyn Symbolizer,
        buffer: &mut [u8],
    ) -> Option<u64> {
        self.add_record(symbols, buffer, &mut |symbols, writer| record(facts, symbols, writer))
    }

    fn add_record(
        &mut self,
        symbols: &mut dyn Symbolizer,
        buffer: &mut [u8],
        write: &mut dyn FnMut(&mut dyn Symbolizer, &mut Writer<'_>),
    ) -> Option<u64> {
        let mut portion = Portion::at(self.file, self.errors_end, buffer)?;
        Writer::new(&mut portion).text(if self.errors == 0 { "\n    " } else { ",\n    " });
        let start = portion.end();
        write(symbols, &mut Writer::new(&mut portion));
        let end = portion.end();
        let leaks = self.leaks.as_slice();
        document::tail(&mut Writer::new(&mut portion), symbols, leaks, Reach::WithoutLocks);
        portion.pad_to(self.length);
        self.length = portion.end();
        // Only now: if this is left in the middle, the next error is written over the torn one.
        (self.errors, self.errors_end) = (self.errors + 1, end);
        Some(start + RECORD_COUNT_OFFSET)
    }

    /// Writes what a check found, in place of what the last one did; pointers into freed blocks are
    /// errors, each of them once.
    pub fn set_leaks(
        &mut self,
        facts: &LeakFacts<'_>,
        symbols: &mut dyn Symbolizer,
        buffer: &mut [u8],
    ) {
        if self.file.is_none() {
            return;
        }
        self.leaks.clear();
        leaks::leaks(facts, symbols, &mut Writer::new(&mut self.leaks));
        for found in facts.check.dangling {
            let key = (found.at, found.block);
            if !self.dangling.as_slice().contains(&key) {
                self.dangling.push(key);
                self.add_record(symbols, buffer, &mut |symbols, writer| {
                    leaks::dangling(facts, found, symbols, writer);
                });
            }
        }
        self.write_end(symbols, buffer, Reach::WithoutLocks);
    }

    /// Writes the end of the file with everything that is known when the process ends.
    pub fn finish(&mut self, symbols: &mut dyn Symbolizer, buffer: &mut [u8]) {
        self.write_end(symbols, buffer, Reach::Everything);
    }

    fn write_end(&mut self, symbols: &mut dyn Symbolizer, buffer: &mut [u8], reach: Reach) {
        let Some(mut portion) = Portion::at(self.file, self.errors_end, buffer) else { return };
        let leaks = self.leaks.as_slice();
        document::tail(&mut Writer::new(&mut portion), symbols, leaks, reach);
        portion.pad_to(self.length);
        self.length = portion.end();
    }

    /// Overwrites the digits of a count.
    pub fn set_count(&self, position: u64, count: u64) {
        if let Some(file) = self.file.and_then(|file| file.number()) {
            write_at(file, number(count).as_bytes(), position);
        }
    }
}

fn open(options: &Options, process: u32) -> Option<Kept> {
    let pattern = options.report_path.as_bytes();
    let name = folder::absolute(FileName::expand(pattern, process));
    let name = if file_name::names_process(pattern) || file_name::is_first(process) {
        name
    } else {
        name.of_process(process)
    };
    let file = name.as_c_string().and_then(|path| Kept::open(path, libc::O_TRUNC));
    if file.is_none() {
        complain(&[b"cannot write to report_path ", pattern]);
    }
    file
}

/// A part of the file that is being written: gathered in the buffer, one write if it fits.
struct Portion<'a> {
    file: i32,
    offset: u64,
    buffer: &'a mut [u8],
    filled: usize,
}

impl<'a> Portion<'a> {
    fn at(file: Option<Kept>, offset: u64, buffer: &'a mut [u8]) -> Option<Portion<'a>> {
        let file = file?.number()?;
        Some(Portion { file, offset, buffer, filled: 0 })
    }

    /// The offset behind what was taken.
    fn end(&self) -> u64 {
        self.offset + self.filled as u64
    }

    fn pad_to(&mut self, length: u64) {
        while self.end() < length {
            self.take(b" ");
        }
    }

    fn hand_over(&mut self) {
        let gathered = self.buffer.get(..self.filled).unwrap_or(&[]);
        // A full disk is no reason to disturb the program.
        write_at(self.file, gathered, self.offset);
        self.offset += self.filled as u64;
        self.filled = 0;
    }
}

impl Sink for Portion<'_> {
    fn take(&mut self, text: &[u8]) {
        for byte in text {
            if self.filled == self.buffer.len() {
                self.hand_over();
            }
            if let Some(cell) = self.buffer.get_mut(self.filled) {
                *cell = *byte;
                self.filled += 1;
            }
        }
    }
}

impl Drop for Portion<'_> {
    fn drop(&mut self) {
        self.hand_over();
    }
}
