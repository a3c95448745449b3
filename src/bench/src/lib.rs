//! Workloads, real programs and the runner that puts allocators side by side.
//!
//! Three ideas hold the whole crate together:
//! - a *job* is one command line with a fixed amount of work and an output that is the same under
//!   every allocator, so a wrong result never passes for a fast one;
//! - an *allocator* is a library that `LD_PRELOAD` puts in front of libc; that it really serves
//!   malloc is proved before anything is measured (see [`peers`]);
//! - a *measurement* comes from the kernel's own books (`wait4`), taken by a small process of its own
//!   so that the runner's size never leaks into the figure (see [`shim`]).
//!
//! This binary itself uses libc's malloc through the dynamic symbol, so the preloaded library serves
//! the workloads as it serves any other program.

#![cfg(target_os = "linux")]

pub mod campaign;
pub mod clock;
pub mod command_line;
pub mod compare;
pub mod fragmentation;
pub mod guard_pairs;
pub mod instructions;
pub mod jobs;
pub mod leak_check;
pub mod machine;
pub mod measure;
pub mod peers;
pub mod programs;
pub mod quarantine;
pub mod report_markdown;
pub mod report_svg;
pub mod report_text;
pub mod runner;
pub mod scratch;
pub mod shim;
pub mod summary;
pub mod table;
pub mod tables;
pub mod workloads;

pub use command_line::run_command_line;

/// What goes wrong while benchmarking is told to a person, so an error is a sentence.
pub type Result<T> = std::result::Result<T, String>;
