//! Where patterns come from.

use super::lines::{self, Line};
use crate::mapped::List;
use crate::report;
use crate::text::{Sink, complain};

/// All patterns of a process, in memory of their own: they outlast each report.
#[derive(Default)]
pub struct Patterns {
    text: List<u8>,
}

impl Patterns {
    /// None yet.
    pub const fn new() -> Patterns {
        Patterns { text: List::new() }
    }

    /// Adds the lines of a file, whose name is relative to the folder that the process started in.
    pub fn read(&mut self, pattern: &[u8]) {
        let mut text = List::new();
        let found = report::read_named(pattern, &mut |portion| {
            text.extend(portion);
        });
        if !found {
            complain(&[b"cannot read the suppressions in ", pattern]);
        }
        self.add(text.as_slice());
    }

    /// Adds the lines of a text; what is not understood is complained about and ignored.
    pub fn add(&mut self, text: &[u8]) {
        for line in lines::of(text) {
            if let Line::Unknown(line) = line {
                complain(&[
                    b"no suppression is `",
                    line,
                    b"`, they are like `leak:PATTERN`; ignored",
                ]);
            }
        }
        self.text.take(text);
        self.text.take(b"\n");
    }

    /// The patterns; their order does not change.
    pub fn all(&self) -> impl Iterator<Item = &[u8]> {
        lines::of(self.text.as_slice()).filter_map(|line| match line {
            Line::Leak(pattern) => Some(pattern),
            _ => None,
        })
    }
}
