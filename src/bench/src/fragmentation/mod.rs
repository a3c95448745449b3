//! The command `fragmentation`: how much memory the holes cost, under each placement policy and glibc.
//!
//! A scenario runs in a process of its own, under the allocator in question, and prints its figures
//! (label, unit, value) to stdout; this module runs them interleaved and puts the medians into tables.

mod books;
mod messages;
mod mix;
mod page;
mod thinning;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::command_line::AllocatorChoice;
use crate::measure::Spawner;
use crate::peers::{self, Allocator};
use crate::scratch::Scratch;
use crate::summary::median;
use crate::table::Table;
use crate::{Result, compare, machine};

use books::Books;

const POLICIES: [&str; 4] = ["best", "first", "next", "worst"];

/// One scenario.
struct Scenario {
    name: &'static str,
    title: &'static str,
    what: &'static str,
    run: fn(&mut Books),
}

const SCENARIOS: [Scenario; 3] = [
    Scenario { name: "messages", title: "Messages", what: messages::WHAT, run: messages::run },
    Scenario { name: "thinning", title: "Thinning", what: thinning::WHAT, run: thinning::run },
    Scenario { name: "mix", title: "Shifting mix", what: mix::WHAT, run: mix::run },
];

/// Options of `fragmentation`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Runs of each scenario under each policy; medians are reported
    #[arg(long, default_value_t = 3)]
    runs: usize,
    #[command(flatten)]
    choice: AllocatorChoice,
    /// Writes the page
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// Runs one scenario in this process.
pub fn run_scenario(name: &str) -> Result<ExitCode> {
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name);
    let scenario = scenario.ok_or_else(|| format!("there is no scenario named {name}"))?;
    let mut books = Books::open();
    (scenario.run)(&mut books);
    print!("{}", books.to_text());
    Ok(ExitCode::SUCCESS)
}

/// Runs all scenarios under all policies.
pub fn run_command(arguments: &Arguments) -> Result<ExitCode> {
    let spawner = Spawner::of_this_executable(300)?;
    let scratch = Scratch::new()?;
    let allocators = allocators(&arguments.choice)?;
    let mut tables = Vec::new();
    for scenario in &SCENARIOS {
        eprintln!("{}", scenario.name);
        let table = measure(scenario, &allocators, arguments.runs.max(1), &spawner, &scratch)?;
        println!("\n{}\n{}", scenario.title, table.to_text());
        tables.push((scenario, table));
    }
    if let Some(path) = &arguments.markdown {
        let page = page::render(&tables, &compare::command_text(), &machine::describe());
        compare::write(path, &page)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// glibc, Heapwarden's plain profile under each policy, and what `--lib` names.
fn allocators(choice: &AllocatorChoice) -> Result<Vec<Allocator>> {
    let (found, notes) = peers::discover(choice)?;
    notes.iter().for_each(|note| eprintln!("note: {note}"));
    let chosen: Vec<&str> =
        choice.libraries.iter().filter_map(|entry| Some(entry.split_once('=')?.0)).collect();
    let mut allocators = Vec::new();
    for allocator in found {
        if allocator.name == peers::HEAPWARDEN {
            allocators.extend(POLICIES.iter().map(|policy| Allocator {
                name: format!("fit={policy}"),
                options: format!("profile=plain:fit={policy}"),
                ..allocator.clone()
            }));
        } else if allocator.name == peers::BASELINE || chosen.contains(&allocator.name.as_str()) {
            allocators.push(allocator);
        }
    }
    Ok(allocators)
}

fn measure(
    scenario: &Scenario,
    allocators: &[Allocator],
    runs: usize,
    spawner: &Spawner,
    scratch: &Scratch,
) -> Result<Table> {
    let command = [spawner.executable.clone().into(), "scenario".into(), scenario.name.into()];
    let mut values: Vec<BTreeMap<String, Vec<f64>>> = vec![BTreeMap::new(); allocators.len()];
    let mut head = vec!["allocator".to_owned()];
    for _ in 0..runs {
        for (allocator, values) in allocators.iter().zip(&mut values) {
            let finished = spawner.run(scratch, &command, &allocator.environment())?;
            if let Some(failure) = finished.measurement.failure() {
                eprintln!("{} under {}: {failure}", scenario.name, allocator.name);
                continue;
            }
            for (label, value) in books::read(&String::from_utf8_lossy(&finished.stdout)) {
                if !head.contains(&label) {
                    head.push(label.clone());
                }
                values.entry(label).or_default().push(value);
            }
        }
    }
    let mut table = Table::new(head.clone());
    for (allocator, values) in allocators.iter().zip(&values) {
        let figure = |label: &String| values.get(label).and_then(|list| median(list));
        let cells = head[1..].iter().map(|label| books::format(label, figure(label)));
        table.push(std::iter::once(allocator.name.clone()).chain(cells).collect());
    }
    Ok(table)
}
