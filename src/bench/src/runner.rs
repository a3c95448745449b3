//! Runs every job under every allocator, interleaved: A B C A B C ..., so that a machine that gets
//! slower or warmer in the course of a campaign does so for all of them alike. Every round starts with
//! another allocator, so that none always runs in the wake of the same other. Slow ones run in
//! the first round only, the slowest no more than the short jobs.

use crate::Result;
use crate::campaign::{Campaign, Cell, Column, Row};
use crate::jobs::Job;
use crate::measure::{Finished, Spawner};
use crate::peers::Allocator;
use crate::scratch::Scratch;

/// Runs the whole campaign; progress goes to stderr. The head of the result is left empty.
pub fn run(
    jobs: &[Job],
    allocators: &[Allocator],
    runs: usize,
    spawner: &Spawner,
    scratch: &Scratch,
) -> Result<Campaign> {
    let mut campaign = Campaign { runs, ..Campaign::default() };
    for allocator in allocators {
        let Allocator { name, version, slow, .. } = allocator.clone();
        campaign.columns.push(Column { name, version, slow });
    }
    for job in jobs {
        eprint!("{:<10}", job.name);
        let cells = run_job(job, allocators, runs, spawner, scratch);
        campaign.cells.push(cells);
        let (name, what) = (job.name.clone(), job.what.clone());
        campaign.rows.push(Row { name, what, counts: job.counts, short: job.short });
        eprintln!();
    }
    Ok(campaign)
}

fn run_job(
    job: &Job,
    allocators: &[Allocator],
    runs: usize,
    spawner: &Spawner,
    scratch: &Scratch,
) -> Vec<Cell> {
    let mut cells = vec![Cell::default(); allocators.len()];
    let mut expected: Option<Vec<u8>> = None;
    for round in 0..runs {
        for turn in 0..allocators.len() {
            // The first round keeps the order: the baseline's output is what the others must print.
            let index = (turn + round) % allocators.len();
            let allocator = &allocators[index];
            let skipped = allocator.slow && round > 0 || !job.runs_under(allocator);
            if skipped || cells[index].problem.is_some() {
                continue;
            }
            let outcome = job.run(spawner, scratch, &allocators[index]);
            record(&mut cells[index], outcome, &mut expected);
            eprint!("{}", if cells[index].problem.is_some() { '!' } else { '.' });
        }
    }
    cells
}

/// Books one run. The first good output becomes the expected one: that of the baseline.
fn record(cell: &mut Cell, outcome: Result<Finished>, expected: &mut Option<Vec<u8>>) {
    let finished = match outcome {
        Ok(finished) => finished,
        Err(problem) => {
            cell.problem = Some(problem);
            return;
        }
    };
    cell.problem = finished.measurement.failure();
    if cell.problem.is_some() {
        return;
    }
    if *expected.get_or_insert_with(|| finished.stdout.clone()) != finished.stdout {
        cell.problem = Some("its output differs".to_owned());
        return;
    }
    for line in finished.stderr.lines() {
        if let Some((key, numbers)) = printed_line(line) {
            cell.printed.entry(key).or_default().push(numbers);
        }
    }
    cell.runs.push(finished.measurement);
}

/// "scale 1000 9.0 8.0": two words of key, then numbers.
fn printed_line(line: &str) -> Option<(String, Vec<f64>)> {
    let mut words = line.split_whitespace();
    let (first, second) = (words.next()?, words.next()?);
    if first != "scale" {
        return None;
    }
    let numbers = words.map(|word| word.parse().ok()).collect::<Option<Vec<f64>>>()?;
    Some((format!("{first} {second}"), numbers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measurement;

    fn finished(output: &str, wait_status: i32) -> Result<Finished> {
        Ok(Finished {
            measurement: Measurement { wait_status, ..Measurement::default() },
            stdout: output.into(),
            stderr: "noise\nscale 1000 1.5 2\n".into(),
        })
    }

    #[test]
    fn a_different_output_is_a_problem() {
        let mut expected = None;
        let (mut first, mut second) = (Cell::default(), Cell::default());
        record(&mut first, finished("right", 0), &mut expected);
        record(&mut second, finished("wrong", 0), &mut expected);
        assert_eq!((first.problem, first.runs.len()), (None, 1));
        assert_eq!(second.problem.as_deref(), Some("its output differs"));
        assert!(second.runs.is_empty());
        assert_eq!(first.printed["scale 1000"], [[1.5, 2.0]]);
    }

    #[test]
    fn the_output_of_a_crashed_run_is_not_expected_of_others() {
        let mut expected = None;
        let (mut first, mut second) = (Cell::default(), Cell::default());
        record(&mut first, finished("ri", libc::SIGSEGV), &mut expected);
        record(&mut second, finished("right", 0), &mut expected);
        assert!(first.problem.is_some());
        assert_eq!(second.problem, None);
    }
}
