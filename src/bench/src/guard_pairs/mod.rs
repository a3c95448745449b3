//! The command `guard-pairs`: what a pair of malloc and free costs with a guard page at every block,
//! beside few live blocks and beside many: ours, Electric Fence's and DUMA's, in turns.
//!
//! The program counts its own processor time, so the runs may share the machine. One that does not
//! survive is a cell of the table too. Freed blocks are kept inaccessible by all of them.

use std::process::{Command, ExitCode, Stdio};

use crate::Result;
use crate::command_line::TableArguments;
use crate::machine;
use crate::peers::{self, Allocator};
use crate::scratch::Scratch;
use crate::summary::median;
use crate::table::Table;

const SOURCE: &str = include_str!("pairs.c");
/// Live blocks, and pairs that are timed beside them.
const LIVE: [(&str, &str); 3] = [("1000", "20000"), ("20000", "20000"), ("200000", "20000")];

/// Measures and prints a table.
pub fn run_command(arguments: &TableArguments) -> Result<ExitCode> {
    let scratch = Scratch::new()?;
    let program = compile(&scratch)?;
    let allocators = allocators(arguments)?;
    let mut times = vec![vec![Vec::new(); LIVE.len()]; allocators.len()];
    for _ in 0..arguments.runs {
        for (allocator, times) in allocators.iter().zip(&mut times) {
            for ((live, count), times) in LIVE.iter().zip(times) {
                times.extend(once(allocator, &program, live, count)?);
            }
        }
    }
    let header = LIVE.map(|(live, _)| format!("ns, {live} live"));
    let mut table =
        Table::new(std::iter::once("allocator".to_owned()).chain(header).collect::<Vec<_>>());
    for (allocator, times) in allocators.iter().zip(&times) {
        let cell = |times: &Vec<f64>| match median(times) {
            Some(time) if times.len() == arguments.runs => format!("{time:.0}"),
            _ => "died".to_owned(),
        };
        let name = std::iter::once(allocator.name.clone());
        table.push(name.chain(times.iter().map(cell)).collect());
    }
    print!("{}", if arguments.markdown { table.to_markdown() } else { table.to_text() });
    Ok(ExitCode::SUCCESS)
}

fn allocators(arguments: &TableArguments) -> Result<Vec<Allocator>> {
    let library = peers::heapwarden_library(&arguments.choice)?;
    let ours = |name: &str, options: &str| Allocator {
        name: format!("{} {name}", peers::HEAPWARDEN),
        library: library.clone(),
        options: format!("{options}:leaks=off:guard_quarantine_mb=64"),
        ..Allocator::default()
    };
    let mut all = vec![
        peers::glibc()?,
        ours("guard", "profile=guard"),
        ours("guard, pages not moved", "profile=guard:guard_move=0"),
        ours("guard, no stacks", "profile=guard:stack_depth=0"),
        ours("guard, mprotect", "profile=guard:guard_pages=mprotect"),
        ours("debug", "profile=debug"),
    ];
    for (name, file, environment) in [
        ("Electric Fence", "libefence.so.0", "EF_PROTECT_FREE=1"),
        ("DUMA", "libduma.so", "DUMA_DISABLE_BANNER=1"),
    ] {
        let Some(library) = machine::find_library(file) else {
            eprintln!("note: {name} is not installed");
            continue;
        };
        let environment = vec![environment.into()];
        all.push(Allocator { name: name.to_owned(), library, environment, ..Allocator::default() });
    }
    Ok(all)
}

fn compile(scratch: &Scratch) -> Result<std::path::PathBuf> {
    let source = scratch.write("pairs.c", SOURCE)?;
    let program = scratch.folder().join("pairs");
    let mut compiler = Command::new("gcc");
    compiler.args(["-O1", "-fno-builtin", "-o"]).args([&program, &source]);
    let output = compiler.output().map_err(|error| format!("no gcc: {error}"))?;
    match output.status.success() {
        true => Ok(program),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// The nanoseconds of a pair; `None` when the program did not survive.
fn once(
    allocator: &Allocator,
    program: &std::path::Path,
    live: &str,
    count: &str,
) -> Result<Option<f64>> {
    let mut command = Command::new("env");
    command.args(allocator.environment()).arg(program).args([live, count]);
    let output = command
        .stderr(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", allocator.name))?;
    if !output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().last().and_then(|line| line.trim().parse().ok()))
}
