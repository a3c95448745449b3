//! What is wrong with an option, as data and as one sentence.

use super::{Row, Sink};

/// A bad option; it is ignored.
#[derive(Clone, Copy)]
pub enum Complaint<'a> {
    /// No option has this name.
    Unknown {
        /// The name as given.
        name: &'a [u8],
        /// The valid name nearest to it.
        nearest: &'static str,
    },
    /// There is no `=`.
    NoValue {
        /// What stands there instead.
        name: &'a [u8],
        /// The valid name nearest to it.
        nearest: &'static str,
    },
    /// The option does not take this value.
    BadValue {
        /// The option.
        option: &'static Row,
        /// The value as given.
        value: &'a [u8],
        /// The valid value nearest to it, for options with named values.
        nearest: Option<&'static str>,
    },
}

impl Complaint<'_> {
    /// Writes it as a sentence without a line end.
    pub fn write(&self, sink: Sink<'_>) {
        match self {
            Complaint::Unknown { name, nearest } => {
                sink(b"unknown option `");
                quote(name, sink);
                sink(b"`, the nearest is `");
                sink(nearest.as_bytes());
                sink(b"`");
            }
            Complaint::NoValue { name, nearest } => {
                sink(b"`");
                quote(name, sink);
                sink(b"` has no value, options are given as `");
                sink(nearest.as_bytes());
                sink(b"=VALUE`");
            }
            Complaint::BadValue { option, value, nearest } => {
                sink(b"bad value `");
                quote(value, sink);
                sink(b"` for option `");
                sink(option.name.as_bytes());
                sink(b"`, it wants ");
                option.kind.explain(sink);
                if let Some(name) = nearest {
                    sink(b", the nearest is `");
                    sink(name.as_bytes());
                    sink(b"`");
                }
            }
        }
    }
}

/// The environment may hold anything: show a bounded part of it, printable.
fn quote(text: &[u8], sink: Sink<'_>) {
    const SHOWN_MAX: usize = 60;
    for byte in text.iter().take(SHOWN_MAX) {
        sink(&[if byte.is_ascii_graphic() { *byte } else { b'?' }]);
    }
    if text.len() > SHOWN_MAX {
        sink(b"...");
    }
}
