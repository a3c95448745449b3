//! The `heapwarden` command. One file per subcommand in `commands`; beside them what they share:
//! the preload library and the script for gdb on disk (`library`, `script`, `carried`), the settings
//! from the command line (`settings`), finding and judging the program to run (`program`, `elf`) and
//! becoming it (`inherited`, `exec`), or running it until a culprit is found (`pinpoint`);
//! the kinds of errors (`kinds`) and a program with one of each (`demos`); report files
//! (`report_file`) and the forms they are printed in (`formats`).

mod carried;
mod commands;
mod demos;
mod elf;
mod exec;
mod failure;
mod formats;
mod inherited;
mod kinds;
mod library;
mod output;
mod pinpoint;
mod program;
mod report_file;
mod script;
mod settings;

use clap::Parser;

/// Runs any program on a heap that watches itself.
#[derive(Parser)]
#[command(name = "heapwarden", version, about)]
struct CommandLine {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> std::process::ExitCode {
    match CommandLine::parse().command.perform() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("heapwarden: {}", failure.sentence);
            failure.code.into()
        }
    }
}
