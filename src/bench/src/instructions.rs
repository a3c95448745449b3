//! The command `instructions`: instructions per operation under valgrind's callgrind, a figure without
//! noise. Each workload runs twice with different amounts of work; the difference of the two counts
//! leaves out the start of the process. The workload's own loop is counted in (about 20 instructions
//! for `pairs`, 60 for `churn`), the kernel's work is not.
//!
//! valgrind only replaces malloc for tools that need it; callgrind leaves the preloaded library alone.

use std::process::{Command, ExitCode};

use crate::Result;
use crate::command_line::AllocatorChoice;
use crate::peers::{self, Allocator};
use crate::table::Table;

/// The workloads that are counted and their smaller amount of work; the bigger one is twice that.
const COUNTED: [(&str, u64); 2] = [("pairs", 1_000_000), ("churn", 1_000_000)];

/// Options of `instructions`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    choice: AllocatorChoice,
}

/// Counts and prints a table.
pub fn run_command(arguments: &Arguments) -> Result<ExitCode> {
    let (allocators, notes) = peers::discover(&arguments.choice)?;
    notes.iter().for_each(|note| eprintln!("note: {note}"));
    let names = COUNTED.iter().map(|(workload, _)| format!("{workload}, per operation"));
    let mut table = Table::new(std::iter::once("allocator".to_owned()).chain(names));
    // A wrapping tool cannot be run under callgrind.
    for allocator in allocators.iter().filter(|allocator| allocator.wrapper.is_empty()) {
        let mut cells = vec![allocator.name.clone()];
        for (workload, operations) in COUNTED {
            cells.push(match per_operation(allocator, workload, operations) {
                Ok(count) => format!("{count:.1}"),
                Err(problem) => {
                    eprintln!("{workload} under {}: {problem}", allocator.name);
                    "failed".to_owned()
                }
            });
        }
        eprintln!("{}", cells.join("  "));
        table.push(cells);
    }
    print!("{}", table.to_text());
    Ok(ExitCode::SUCCESS)
}

fn per_operation(allocator: &Allocator, workload: &str, operations: u64) -> Result<f64> {
    let smaller = count(allocator, workload, operations)?;
    let bigger = count(allocator, workload, operations * 2)?;
    Ok((bigger as f64 - smaller as f64) / operations as f64)
}

fn count(allocator: &Allocator, workload: &str, operations: u64) -> Result<u64> {
    let executable = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(executable);
    valgrind.args(["workload", workload, "--operations"]).arg(operations.to_string());
    valgrind.env_remove("LD_LIBRARY_PATH").env("LD_PRELOAD", &allocator.library);
    valgrind.env("HEAPWARDEN_OPTIONS", &allocator.options);
    valgrind.envs(allocator.environment.iter().filter_map(|entry| entry.to_str()?.split_once('=')));
    let output = valgrind.output().map_err(|error| format!("cannot run valgrind: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        let last = text.lines().last().unwrap_or_default();
        return Err(format!("{}: {last}", output.status));
    }
    collected(&text).ok_or_else(|| "no count in valgrind's output".to_owned())
}

/// "==123== Collected : 4567" -> 4567.
fn collected(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(':').next()?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_the_output() {
        let text = "==7== Callgrind\n==7== Events    : Ir\n==7== Collected : 123456\n==7== \n";
        assert_eq!(collected(text), Some(123_456));
        assert_eq!(collected("nothing"), None);
    }
}
