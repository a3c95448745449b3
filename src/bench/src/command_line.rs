//! The commands and their options; each is carried out in the module of its name.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{
    Result, compare, fragmentation, guard_pairs, instructions, leak_check, peers, quarantine, shim,
    workloads,
};

/// Measures Heapwarden against other allocators on the same work.
#[derive(Parser)]
#[command(name = "heapwarden-bench", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs one workload in this process, under whatever malloc the process has.
    Workload(workloads::Arguments),
    /// Runs workloads and real programs under every allocator found, and compares them.
    Compare(compare::Arguments),
    /// Measures fragmentation under each placement policy and under glibc.
    Fragmentation(fragmentation::Arguments),
    /// Measures what the depth of the quarantine costs.
    Quarantine(quarantine::Arguments),
    /// Counts instructions per malloc/free pair under valgrind's callgrind.
    Instructions(instructions::Arguments),
    /// Times the leak check at exit of a million blocks, beside LeakSanitizer's.
    LeakCheck(TableArguments),
    /// Times malloc/free pairs with a guard page at every block, beside Electric Fence and DUMA.
    GuardPairs(TableArguments),
    /// Lists the allocators that `compare` would use.
    Allocators(peers::Arguments),
    /// Runs one fragmentation scenario in this process and prints its figures.
    #[command(hide = true)]
    Scenario {
        /// Name of the scenario.
        name: String,
    },
    /// Prints the file that serves malloc in this process.
    #[command(hide = true)]
    Provider,
    /// Runs a command and writes what it cost to a file.
    #[command(hide = true)]
    Measured(shim::Arguments),
}

/// Reads the command line and carries it out.
pub fn run_command_line() -> Result<ExitCode> {
    match CommandLine::parse().command {
        Command::Workload(arguments) => workloads::run_command(&arguments),
        Command::Compare(arguments) => compare::run_command(&arguments),
        Command::Fragmentation(arguments) => fragmentation::run_command(&arguments),
        Command::Quarantine(arguments) => quarantine::run_command(&arguments),
        Command::Instructions(arguments) => instructions::run_command(&arguments),
        Command::LeakCheck(arguments) => leak_check::run_command(&arguments),
        Command::GuardPairs(arguments) => guard_pairs::run_command(&arguments),
        Command::Allocators(arguments) => peers::run_command(&arguments),
        Command::Scenario { name } => fragmentation::run_scenario(&name),
        Command::Provider => {
            println!("{}", peers::malloc_provider().unwrap_or_default());
            Ok(ExitCode::SUCCESS)
        }
        Command::Measured(arguments) => shim::run_command(&arguments),
    }
}

/// Options that choose the allocators, shared by several commands.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct AllocatorChoice {
    /// Heapwarden's preload library [default: the one next to this executable]
    #[arg(long, value_name = "PATH")]
    pub heapwarden: Option<PathBuf>,
    /// A profile of Heapwarden to measure; may be repeated [default: plain]
    #[arg(long = "profile", value_name = "PROFILE")]
    pub profiles: Vec<String>,
    /// Another allocator to measure; may be repeated
    #[arg(long = "lib", value_name = "NAME=PATH")]
    pub libraries: Vec<String>,
    /// This command as it is built with AddressSanitizer, for a column of it
    #[arg(long, value_name = "PATH")]
    pub asan: Option<PathBuf>,
    /// Leave out allocators whose name contains this; may be repeated
    #[arg(long = "without", value_name = "NAME")]
    pub without: Vec<String>,
}

/// Options of the commands that time a few programs in turns and print one table.
#[derive(clap::Args, Clone, Debug)]
pub struct TableArguments {
    /// Which allocators.
    #[command(flatten)]
    pub choice: AllocatorChoice,
    /// How often each is run
    #[arg(long, default_value_t = 5)]
    pub runs: usize,
    /// Print the table as Markdown
    #[arg(long)]
    pub markdown: bool,
}
