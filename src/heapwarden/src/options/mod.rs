//! The options: ONE table, from which come the parser of `HEAPWARDEN_OPTIONS`, the list that
//! `heapwarden options` prints, the page docs/options.md and the echo of the settings in effect.
//!
//! All of it runs inside the first malloc of a process, before libc is initialised: nothing here
//! allocates, panics, formats through `std` or calls libc. Text goes out piece by piece to a sink.
//! Cost: one pass per option name over a text of a few dozen bytes, once per process.

mod complaint;
mod kind;
mod nearest;
mod number;
mod on_error;
mod parse;
mod range;
pub mod sanitizer;
mod table;
mod value;
mod words;

pub use complaint::Complaint;
pub use kind::Kind;
pub use parse::parse;
pub use range::Range;
pub use table::{Options, Row, TABLE, find};
pub use words::Words;

/// Where text goes, piece by piece.
pub type Sink<'a> = &'a mut dyn FnMut(&[u8]);

/// The environment variable the library reads.
pub const VARIABLE: &str = "HEAPWARDEN_OPTIONS";

#[cfg(test)]
mod tests;
