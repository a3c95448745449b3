//! A report as JSON, by the schema of docs/reports.md.
//!
//! Written by hand into a [`Writer`](crate::text::Writer): nothing is allocated, so it works where
//! the text report works. An absent fact is an absent field.

mod callsites;
mod document;
mod file;
mod frames;
mod leaks;
mod object;
mod record;
mod statistics;

pub use callsites::callsites;
pub(super) use file::ReportFile;
pub use leaks::{dangling, leaks};
pub use record::record;
