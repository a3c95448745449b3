//! Our own workloads: one module each, all listed in [`ALL`].
//!
//! A workload does an amount of work that is fixed by its `operations`, from a fixed seed, and returns
//! a checksum made of what it read back from its blocks. The checksum is the same under every
//! allocator; a different one means that memory was damaged. The default amounts take 0.5 to 2 s
//! under glibc. The checksum goes to stdout, measured figures go to stderr.

pub mod block;
mod buffers;
mod churn;
mod handoff;
mod larson;
mod pairs;
mod random;
mod scale;
mod strings;
mod threads;
mod tree;

pub use random::Random;

use std::path::Path;
use std::process::ExitCode;

use crate::Result;

pub use strings::build as build_strings;

/// One workload.
pub struct Workload {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it does, for the report.
    pub what: &'static str,
    /// How much of it: the unit is the workload's own.
    pub operations: u64,
    /// The work; returns the checksum.
    run: fn(u64) -> Result<u64>,
}

/// Every workload, in the order of the report.
pub const ALL: [Workload; 9] = [
    Workload {
        name: "churn",
        what: "random churn, 20,000 live blocks of 16-512 B",
        operations: 40_000_000,
        run: churn::run,
    },
    Workload {
        name: "tree",
        what: "binary trees of growing depth, built and torn down",
        operations: 16,
        run: tree::run,
    },
    Workload {
        name: "strings",
        what: "C++ strings and std::map",
        operations: 40,
        run: strings::run,
    },
    Workload {
        name: "handoff",
        what: "two threads that free each other's blocks",
        operations: 6_000_000,
        run: handoff::run,
    },
    Workload {
        name: "larson",
        what: "server loop: 4 threads, blocks outlive the thread that made them",
        operations: 40_000_000,
        run: larson::run,
    },
    Workload {
        name: "buffers",
        what: "realloc-growing buffers and blocks of 40 KiB-2 MiB, touched",
        operations: 1_200,
        run: buffers::run,
    },
    Workload {
        name: "threads",
        what: "many short-lived threads",
        operations: 20_000,
        run: threads::run,
    },
    Workload {
        name: "pairs",
        what: "malloc/free pairs of 100 B",
        operations: 120_000_000,
        run: pairs::run,
    },
    Workload {
        name: "scale",
        what: "cost per operation with 10^3 to 10^7 live blocks of 32 B",
        operations: 10_000_000,
        run: scale::run,
    },
];

/// Options of `workload`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// churn, tree, strings, handoff, larson, buffers, threads, pairs or scale
    name: String,
    /// How much work [default: what takes about a second]
    #[arg(long)]
    operations: Option<u64>,
}

/// Looks a workload up.
pub fn find(name: &str) -> Option<&'static Workload> {
    ALL.iter().find(|workload| workload.name == name)
}

/// Runs one workload here and prints its checksum.
pub fn run_command(arguments: &Arguments) -> Result<ExitCode> {
    let workload = find(&arguments.name)
        .ok_or_else(|| format!("there is no workload named {}", arguments.name))?;
    let checksum = (workload.run)(arguments.operations.unwrap_or(workload.operations))?;
    println!("{} {checksum:016x}", workload.name);
    Ok(ExitCode::SUCCESS)
}

/// True when the workload can run on this machine; `strings` needs a C++ compiler.
pub fn available(workload: &Workload, executable: &Path) -> std::result::Result<(), String> {
    match workload.name {
        "strings" => strings::build(executable, &[]).map(drop),
        _ => Ok(()),
    }
}
