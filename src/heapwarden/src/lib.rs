//! Heapwarden as a library: the options, the semantics of libc's malloc family on top of the
//! allocator core, statistics, and [`Heapwarden`], the allocator for Rust programs.
//!
//! This crate exports no `malloc`: a program that depends on it is not interposed. The symbols live
//! in the preload library alone, but for one constant that [`debugger`]s look for.

pub mod at_exit;
pub mod callsite;
pub mod checked;
pub mod chunk;
pub mod debugger;
pub mod fault;
pub mod front;
pub mod fuzz;
pub mod guard;
pub mod inside;
pub mod intercept;
pub mod leaks;
pub mod on_demand;
pub mod options;
pub mod prepare;
pub mod profile;
pub mod report;
pub mod sandbox;
pub mod scan;
pub mod start;
pub mod symbolize;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
pub mod unwind;

mod detect;
mod door;
mod evidence;
mod facts;
mod global;
mod handler_stack;
mod journey_text;
mod malloc_info;
mod mapped;
mod quarantine;
mod shortage;
mod site;
mod site_id;
mod statistics_text;

pub use global::Heapwarden;
