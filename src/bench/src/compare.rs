//! The command `compare`: every job under every allocator, then a table, and on request a Markdown
//! page and an SVG chart.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::command_line::AllocatorChoice;
use crate::measure::Spawner;
use crate::scratch::Scratch;
use crate::{Result, jobs, machine, peers, report_markdown, report_svg, report_text, runner};

/// Options of `compare`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Runs of each job under each allocator; medians are reported
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Only these jobs; may be repeated or separated by commas
    #[arg(long, value_name = "JOB", value_delimiter = ',')]
    only: Vec<String>,
    /// Seconds after which a run counts as hung
    #[arg(long, default_value_t = 300)]
    timeout: u32,
    #[command(flatten)]
    choice: AllocatorChoice,
    /// Writes the report as a Markdown page
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Writes the chart
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Runs the comparison. The status is 1 when Heapwarden failed somewhere.
pub fn run_command(arguments: &Arguments) -> Result<ExitCode> {
    let spawner = Spawner::of_this_executable(arguments.timeout)?;
    let scratch = Scratch::new()?;
    let (allocators, mut notes) = peers::discover(&arguments.choice)?;
    let (jobs, more_notes) = jobs::all(&spawner, &scratch, &arguments.only)?;
    notes.extend(more_notes);
    notes.iter().for_each(|note| eprintln!("note: {note}"));

    let mut campaign = runner::run(&jobs, &allocators, arguments.runs.max(1), &spawner, &scratch)?;
    campaign.notes = notes;
    campaign.command = command_text();
    campaign.machine = machine::describe();

    print!("{}", report_text::render(&campaign));
    let chart = arguments.svg.as_ref().zip(arguments.markdown.as_ref());
    let chart = chart.and_then(|(svg, _)| Some(svg.file_name()?.to_string_lossy().into_owned()));
    if let Some(path) = &arguments.svg {
        write(path, &report_svg::render(&campaign))?;
    }
    if let Some(path) = &arguments.markdown {
        let old = std::fs::read_to_string(path).unwrap_or_default();
        let page = report_markdown::render(&campaign, chart.as_deref());
        write(path, &(page + report_markdown::written_by_hand(&old)))?;
    }
    let ours = format!(" under {}", peers::HEAPWARDEN);
    let failed = campaign.problems().iter().any(|problem| problem.contains(&ours));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The command as a reader would repeat it; paths that only exist here are cut to their last part.
pub fn command_text() -> String {
    let mut text = "cargo run --release -p heapwarden-bench --".to_owned();
    for argument in std::env::args().skip(1) {
        let (key, path) = argument.split_once('=').unwrap_or(("", &argument));
        let file = path.rsplit('/').next().unwrap_or(path);
        match (path.starts_with('/'), key) {
            (true, "") => text += &format!(" {file}"),
            (true, key) => text += &format!(" {key}={file}"),
            _ => text += &format!(" {argument}"),
        }
    }
    text
}

/// Writes a report.
pub fn write(path: &PathBuf, text: &str) -> Result<()> {
    std::fs::write(path, text)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
