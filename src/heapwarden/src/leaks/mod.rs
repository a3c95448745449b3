//! Leaks and dangling pointers: what a scan of the program's memory found, as plain data
//! ([`facts`]), for the report to tell; and what is not to be told ([`suppress`]). [`check`] is the
//! way from one to the other.

pub mod check;
pub mod facts;
mod level;
pub mod suppress;

pub use level::Level;
