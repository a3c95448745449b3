//! Heapwarden as a library: the options, the semantics of libc's malloc family on top of the
//! allocator core, statistics, and [`Heapwarden`], the allocator for Rust programs.
//!
//! This crate exports no `malloc`: a program that depends on it is not interposed. The symbols live
//! in the preload library alone.

pub mod at_exit;
pub mod front;
pub mod options;
pub mod profile;
pub mod start;
pub mod text;

mod facts;
mod global;
mod journey_text;
mod malloc_info;
mod statistics_text;

pub use global::Heapwarden;
