//! Leaks and dangling pointers: what a scan of the program's memory found, as plain data
//! ([`facts`]), for the report to tell; and what is not to be told ([`suppress`]). [`check`] is the
//! way from one to the other.

pub mod check;
pub mod facts;
pub(crate) mod inherited;
mod level;
pub mod suppress;

pub use level::Level;

/// The core's hook: this is a forked child.
pub(crate) fn repair_after_fork() {
    check::repair_after_fork();
    inherited::note_fork();
}
