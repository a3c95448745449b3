//! Reports: what was found, as plain data ([`Facts`]), told as text and as JSON.
//!
//! [`deliver`] is the one way out for every error. [`text::render`] and [`json::record`] are pure:
//! facts and a [`Symbolizer`](crate::symbolize::Symbolizer) in, bytes out.
//!
//! Invariants:
//! - a report takes no lock that the program can hold: its own lock knows its owner and is waited
//!   for a bounded time, and stacks are explained without the loader;
//! - the work is done on a stack of our own, so that the caller needs about a kilobyte;
//! - whatever goes wrong inside (a fault, a panic, no memory, no end) leads back out of it, and the
//!   report is given with raw addresses;
//! - a report file is complete and valid JSON after each report.
//!
//! Cost: nothing before the first report; then one mapping of about 2 MiB, touched as needed, and
//! what symbolizing takes.

mod action;
mod area;
mod block;
mod deduplicate;
mod deliver;
mod descriptor;
mod destination;
mod dialect;
mod facts;
mod file_name;
mod folder;
mod gathered;
pub mod json;
mod kind;
mod last_output;
mod leak_facts;
mod leaks;
mod lifecycle;
mod lock;
mod make;
mod memory;
mod own_stack;
mod process;
mod raw;
mod session;
mod signals;
mod stack;
pub mod text;

pub use crate::chunk::Family;
pub(crate) use action::abort;
pub use action::{Action, OnError};
pub use block::{BlockFacts, BlockState, Event};
pub use deliver::{deliver, fault_inside, panic_inside};
pub use destination::set_descriptor;
pub use dialect::{Colour, Detail, Dialect};
pub use facts::{
    Access, AccessKind, Damage, Expected, Facts, LayoutFacts, Mismatch, Pointer, Registers,
    ThreadFacts,
};
pub use file_name::FIRST_PROCESS;
pub(crate) use folder::read_named;
pub use kind::Kind;
pub(crate) use last_output::{is_due as last_output_is_due, write as write_last_output};
pub use leak_facts::{Hidden, LeakFacts, SiteChange};
#[cfg(feature = "testing")]
pub(crate) use leaks::written;
pub use leaks::{deliver_leaks, with_names};
pub use lifecycle::{begin, finish};
pub(crate) use lock::is_mine as is_reporting;
pub use memory::PrivateMemory;
pub(crate) use own_stack::call_on;
pub(crate) use process::exit as end_process;
#[cfg(feature = "fuzz")]
pub(crate) use stack::with_destination;
pub(crate) use stack::{deliver_holders, deliver_stack};
