//! The kinds of values an option can have, as the lists and the complaints describe them.

use super::Sink;
use super::number::write_number;

/// What may stand after the `=` of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `0` or `1` (also `no`, `yes`, `off`, `on`, `false`, `true`).
    Switch,
    /// A whole number up to `max`.
    Number {
        /// The greatest value.
        max: u64,
    },
    /// A number of bytes, with an optional `K`, `M` or `G`.
    Size,
    /// Sizes: the least and the greatest with `-` between them, of which either may be left out.
    Range,
    /// Anything without the characters that separate options.
    Text,
    /// One of these names.
    Choice(&'static [&'static str]),
}

impl Kind {
    /// The kind in the short form of a table: `0|1`, `number`, `size`, or the names.
    pub fn describe(self, sink: Sink<'_>) {
        match self {
            Kind::Switch => sink(b"0|1"),
            Kind::Number { .. } => sink(b"number"),
            Kind::Size => sink(b"size"),
            Kind::Range => sink(b"min-max"),
            Kind::Text => sink(b"text"),
            Kind::Choice(names) => {
                for (position, name) in names.iter().enumerate() {
                    if position > 0 {
                        sink(b"|");
                    }
                    sink(name.as_bytes());
                }
            }
        }
    }

    /// The kind as the end of the sentence "it wants ...".
    pub fn explain(self, sink: Sink<'_>) {
        match self {
            Kind::Switch => sink(b"0 or 1"),
            Kind::Number { max } => {
                sink(b"a whole number up to ");
                write_number(max, sink);
            }
            Kind::Size => sink(b"a number of bytes, as in 65536, 64K, 1M or 2G"),
            Kind::Range => sink(b"sizes, as in 16-4K, 64- or -64"),
            Kind::Text => sink(b"a shorter text"),
            Kind::Choice(_) => {
                sink(b"one of ");
                self.describe(sink);
            }
        }
    }
}
