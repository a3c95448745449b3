//! Leaks and dangling pointers: what a scan of the program's memory found, as plain data
//! ([`facts`]), for the report to tell.

pub mod facts;
