//! Leaks and dangling pointers: what a scan of the program's memory found, as plain data
//! ([`facts`]), and what is made of it: what is not to be told ([`suppress`], [`ignore`]), what is
//! different from the last report, and the report itself ([`report`]).

mod change;
pub mod check;
pub mod facts;
pub mod ignore;
pub(crate) mod inherited;
mod level;
mod program;
mod settled;
pub mod suppress;
mod tell;
mod turn;

pub use level::Level;
pub use tell::{Occasion, Outcome, are_there, ask, is_possible, report};

/// The core's hook: this is a forked child.
pub(crate) fn repair_after_fork() {
    check::repair_after_fork();
    inherited::note_fork();
}
