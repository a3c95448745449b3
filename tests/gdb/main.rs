//! The commands for gdb: in a process that was stopped, within malloc too, and in its core file.

#[path = "../support/mod.rs"]
mod support;

mod block;
mod check;
mod guard;
mod leaks;
mod session;
mod site;
