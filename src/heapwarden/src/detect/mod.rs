//! Detection: from a damaged chunk or a wrong pointer to the facts of a report.
//!
//! What is found is looked up and described here; how it is told is the report's business. All of
//! this is cold. Nothing is decided on a header that failed its check: the record out of line, the
//! check's own bits and the neighbours say what happened.

mod describe;
mod free;
mod header;
mod pointer;
mod recover;
mod tell;
mod told;

pub use describe::block_at;
pub use free::{bad_free, bad_pointer, mismatch, release_agrees};
pub use header::{header, large_header};
pub use pointer::{foreign, is_foreign};
pub use tell::{deliver, facts, fill, large_fill, ready_page, tail};
pub use told::{forget as forget_told, is_told, note as note_told};
