//! The command `quarantine`: what its depth costs, in time and in memory, so that the defaults can be
//! chosen by figures.
//!
//! Each setting of `ring_kb` and `quarantine_mb` runs the same jobs, interleaved; time is the least
//! of the runs (what disturbs a run only ever adds to it), memory their median. Everything is told as
//! a ratio to the shallowest setting of the same profile. Stacks cost the same at every depth and
//! would only hide the differences: `debug` keeps one frame each here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::command_line::AllocatorChoice;
use crate::jobs::Job;
use crate::measure::{Measurement, Spawner};
use crate::peers::{self, Allocator};
use crate::scratch::Scratch;
use crate::summary::{geometric_mean, median};
use crate::table::Table;
use crate::{Result, compare, machine, programs};

/// The workloads and how much of each: enough to fill any queue here several times.
const WORKLOADS: [(&str, u64); 3] = [("churn", 1_000_000), ("tree", 2), ("buffers", 120)];
const PROGRAMS: [&str; 2] = ["lua5.4", "sqlite3"];

const RINGS_KIB: [u32; 5] = [4, 8, 16, 32, 64];
const QUEUES_MIB: [u32; 7] = [0, 1, 2, 4, 8, 16, 64];
/// What the other figure is while one is varied.
const RING_KIB: u32 = 16;
const QUEUE_MIB: u32 = 0;

/// Options of `quarantine`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Runs of each job with each setting
    #[arg(long, default_value_t = 3)]
    runs: usize,
    #[command(flatten)]
    choice: AllocatorChoice,
    /// Writes the tables into this page, below its heading `Measured`
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// Runs all settings of both checked profiles (or those named by `--profile`).
pub fn run_command(arguments: &Arguments) -> Result<ExitCode> {
    let spawner = Spawner::of_this_executable(300)?;
    let scratch = Scratch::new()?;
    let jobs = jobs(&spawner, &scratch)?;
    let library = peers::heapwarden_library(&arguments.choice)?;
    let both = ["harden".to_owned(), "debug".to_owned()];
    let named = arguments.choice.profiles.as_slice();
    let mut page = String::new();
    for profile in if named.is_empty() { &both } else { named } {
        let settings = settings(profile, &library);
        let figures = measure(&settings, &jobs, arguments.runs.max(1), &spawner, &scratch)?;
        let table = table(&settings, &jobs, &figures);
        println!("\n{profile}\n{}", table.to_text());
        page += &format!("\n### {profile}\n\n{}", table.to_markdown());
    }
    if let Some(path) = &arguments.markdown {
        let old = std::fs::read_to_string(path).unwrap_or_default();
        compare::write(path, &place(&old, &head(arguments.runs), &page))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Below this line the page is generated; what stands above is written by hand.
const START: &str = "## Measured\n";

fn place(old: &str, head: &str, tables: &str) -> String {
    let kept = old.split_once(START).map_or("", |(before, _)| before);
    format!("{kept}{START}{head}{tables}")
}

fn head(runs: usize) -> String {
    let facts = machine::describe().iter().map(|fact| format!("- {fact}\n")).collect::<String>();
    format!(
        "\nFrom here on the page is generated, by\n\n```\n{}\n```\n\non this machine:\n\n{facts}\n\
         Each cell is CPU time / peak memory as ratios to the first line of its table; the last \
         column is the geometric mean. Time is the least of {runs} interleaved runs, memory their \
         median.\n",
        compare::command_text()
    )
}

fn jobs(spawner: &Spawner, scratch: &Scratch) -> Result<Vec<Job>> {
    let workload = |(name, operations): (&str, u64)| {
        let mut command: Vec<OsString> = vec![spawner.executable.clone().into()];
        command.extend(["workload", name, "--operations"].map(OsString::from));
        command.push(operations.to_string().into());
        Job::new(name, String::new(), command)
    };
    let mut jobs: Vec<Job> = WORKLOADS.into_iter().map(workload).collect();
    jobs.extend(PROGRAMS.iter().filter_map(|name| programs::job(name, scratch).ok()));
    Ok(jobs)
}

/// The shallowest, then each figure varied by itself.
fn settings(profile: &str, library: &std::path::Path) -> Vec<Allocator> {
    let rings = RINGS_KIB.map(|ring| (ring, QUEUE_MIB));
    let queues = QUEUES_MIB.map(|queue| (RING_KIB, queue));
    let queues = queues.into_iter().filter(|pair| !rings.contains(pair));
    let make = |(ring, queue): (u32, u32)| Allocator {
        name: format!("ring_kb={ring} quarantine_mb={queue}"),
        library: library.to_path_buf(),
        options: format!("profile={profile}:stack_depth=1:ring_kb={ring}:quarantine_mb={queue}"),
        ..Allocator::default()
    };
    rings.into_iter().chain(queues).map(make).collect()
}

/// `[setting][job]`: all runs.
type Figures = Vec<Vec<Vec<Measurement>>>;

fn measure(
    settings: &[Allocator],
    jobs: &[Job],
    runs: usize,
    spawner: &Spawner,
    scratch: &Scratch,
) -> Result<Figures> {
    let mut figures: Figures = vec![vec![Vec::new(); jobs.len()]; settings.len()];
    for (column, job) in jobs.iter().enumerate() {
        eprint!("{:<10}", job.name);
        for round in 0..runs {
            for turn in 0..settings.len() {
                let index = (turn + round) % settings.len();
                let measurement = job.run(spawner, scratch, &settings[index])?.measurement;
                if let Some(failure) = measurement.failure() {
                    return Err(format!("{} with {}: {failure}", job.name, settings[index].name));
                }
                figures[index][column].push(measurement);
                eprint!(".");
            }
        }
        eprintln!();
    }
    Ok(figures)
}

fn table(settings: &[Allocator], jobs: &[Job], figures: &Figures) -> Table {
    let names = jobs.iter().map(|job| job.name.clone()).chain(["mean".to_owned()]);
    let mut table = Table::new(std::iter::once("setting".to_owned()).chain(names));
    let base: Vec<(f64, f64)> = figures[0].iter().map(|runs| summary(runs)).collect();
    for (setting, row) in settings.iter().zip(figures) {
        let ratios: Vec<(f64, f64)> = row
            .iter()
            .zip(&base)
            .map(|(runs, base)| (summary(runs).0 / base.0, summary(runs).1 / base.1))
            .collect();
        let mean = |pick: fn(&(f64, f64)) -> f64| {
            geometric_mean(&ratios.iter().map(pick).collect::<Vec<_>>()).unwrap_or(f64::NAN)
        };
        let all = ratios.iter().copied().chain([(mean(|pair| pair.0), mean(|pair| pair.1))]);
        let cells = all.map(|(time, peak)| format!("{time:.2} / {peak:.2}"));
        table.push(std::iter::once(setting.name.clone()).chain(cells).collect());
    }
    table
}

/// The least time and the median peak.
fn summary(runs: &[Measurement]) -> (f64, f64) {
    let least = runs.iter().map(Measurement::cpu_seconds).fold(f64::INFINITY, f64::min);
    let peaks: Vec<f64> = runs.iter().map(|run| run.peak_kib as f64).collect();
    (least, median(&peaks).unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_by_hand_stays_above_the_tables() {
        let first = place("# Title\n\nWhy.\n\n## Measured\nold", "head\n", "tables\n");
        assert_eq!(first, "# Title\n\nWhy.\n\n## Measured\nhead\ntables\n");
        assert_eq!(place("", "head\n", "tables\n"), "## Measured\nhead\ntables\n");
    }

    #[test]
    fn every_setting_comes_once_and_the_shallowest_first() {
        let names: Vec<String> = settings("harden", std::path::Path::new("x"))
            .into_iter()
            .map(|setting| setting.name)
            .collect();
        assert_eq!(names[0], "ring_kb=4 quarantine_mb=0");
        assert_eq!(names.len(), RINGS_KIB.len() + QUEUES_MIB.len() - 1);
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
    }

    #[test]
    fn cells_are_ratios_to_the_first_line() {
        let run = |user_us, peak_kib| Measurement { user_us, peak_kib, ..Measurement::default() };
        let figures = vec![
            vec![vec![run(100, 1000), run(300, 1000)]],
            vec![vec![run(500, 1500), run(150, 1500)]],
        ];
        let settings = settings("debug", std::path::Path::new("x"));
        let table = table(&settings[..2], &[Job::new("a", String::new(), vec![])], &figures);
        assert_eq!(table.rows[1][1..], ["1.50 / 1.50", "1.50 / 1.50"]);
    }
}
