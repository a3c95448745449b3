//! The subcommands: one file each, with its arguments and what it does.

mod demo;
mod env;
pub mod explain;
mod gdb;
mod lib_path;
mod options;
mod report;
pub mod run;
mod suppress;

use crate::failure::Failure;

/// A subcommand with its arguments.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Run a program on Heapwarden's heap
    Run(run::Arguments),
    /// Print report files, merge and compare them, or turn them into what other tools read
    Report(report::Arguments),
    /// Print the suppressions for the leaks that a report shows
    Suppress(suppress::Arguments),
    /// Print the path of the preload library
    Lib(lib_path::Arguments),
    /// Print the path of the script that gives gdb the commands `hw ..`
    Gdb(gdb::Arguments),
    /// Print the settings that put a program on Heapwarden without this command
    Env(env::Arguments),
    /// List the profiles and the options
    Options(options::Arguments),
    /// Say what a kind of error means, with an example and how to fix it
    Explain(explain::Arguments),
    /// Make a real error of a kind, to see its report
    Demo(demo::Arguments),
}

impl Command {
    /// Does what the command line asks for.
    pub fn perform(self) -> Result<(), Failure> {
        match self {
            Command::Run(arguments) => arguments.perform(),
            Command::Report(arguments) => arguments.perform(),
            Command::Suppress(arguments) => arguments.perform(),
            Command::Lib(arguments) => arguments.perform(),
            Command::Gdb(arguments) => arguments.perform(),
            Command::Env(arguments) => arguments.perform(),
            Command::Options(arguments) => arguments.perform(),
            Command::Explain(arguments) => arguments.perform(),
            Command::Demo(arguments) => arguments.perform(),
        }
    }
}
