//! The figures of a whole comparison, and what is computed from them. Plain data: the reports only
//! read it.

use std::collections::BTreeMap;

use crate::measure::Measurement;
use crate::summary::{geometric_mean, median};

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// User and system time of the process, seconds.
    Cpu,
    /// Time from start to end, seconds.
    Wall,
    /// Largest resident set, MiB.
    Peak,
}

/// A job as the reports need it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What it does.
    pub what: String,
    /// Whether it counts in the geometric means.
    pub counts: bool,
    /// Whether the slowest checkers run it too.
    pub short: bool,
}

/// An allocator as the reports need it.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What exactly it is.
    pub version: String,
    /// Whether it ran each job once only.
    pub slow: bool,
}

/// All runs of one job under one allocator.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// The figures of the good runs.
    pub runs: Vec<Measurement>,
    /// Why the cell has no figures: a crash, a hang, a different output.
    pub problem: Option<String>,
    /// Figures that the workload itself printed to stderr, line by line in order of appearance; of
    /// several runs the median is taken number by number.
    pub printed: BTreeMap<String, Vec<Vec<f64>>>,
}

impl Cell {
    /// The median of one metric; `None` when the cell has a problem or no run.
    pub fn figure(&self, metric: Metric) -> Option<f64> {
        if self.problem.is_some() {
            return None;
        }
        let values: Vec<f64> = self.runs.iter().map(|run| value(run, metric)).collect();
        median(&values)
    }

    /// The medians of the numbers printed on the lines that start with `key`.
    pub fn printed_figures(&self, key: &str) -> Option<Vec<f64>> {
        let lines = self.printed.get(key)?;
        let length = lines.iter().map(Vec::len).min()?;
        let column = |index: usize| lines.iter().map(|line| line[index]).collect::<Vec<_>>();
        (0..length).map(|index| median(&column(index))).collect()
    }
}

fn value(run: &Measurement, metric: Metric) -> f64 {
    match metric {
        Metric::Cpu => run.cpu_seconds(),
        Metric::Wall => run.wall_us as f64 / 1e6,
        Metric::Peak => run.peak_kib as f64 / 1024.0,
    }
}

/// Everything that was measured. Column 0 is the baseline.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    /// The jobs.
    pub rows: Vec<Row>,
    /// The allocators.
    pub columns: Vec<Column>,
    /// `cells[row][column]`.
    pub cells: Vec<Vec<Cell>>,
    /// Runs per cell.
    pub runs: usize,
    /// The command that made it.
    pub command: String,
    /// The machine.
    pub machine: Vec<String>,
    /// What was left out and why.
    pub notes: Vec<String>,
}

/// The mean of a column over the rows that count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// Geometric mean of the ratios to the baseline.
    pub ratio: f64,
    /// How many rows went into it.
    pub rows: usize,
    /// The row with the highest ratio, and that ratio.
    pub worst: (usize, f64),
}

impl Campaign {
    /// A cell's figure divided by the baseline's in the same row.
    pub fn ratio(&self, row: usize, column: usize, metric: Metric) -> Option<f64> {
        let base = self.cells[row][0].figure(metric)?;
        let ratio = self.cells[row][column].figure(metric)? / base;
        ratio.is_finite().then_some(ratio)
    }

    /// The geometric mean of a column's ratios.
    pub fn mean(&self, column: usize, metric: Metric) -> Option<Mean> {
        self.mean_of(column, metric, |row| row.counts)
    }

    /// The geometric mean of a column's ratios in the short jobs.
    pub fn short_mean(&self, column: usize, metric: Metric) -> Option<Mean> {
        self.mean_of(column, metric, |row| row.short)
    }

    fn mean_of(&self, column: usize, metric: Metric, wanted: fn(&Row) -> bool) -> Option<Mean> {
        let counted = (0..self.rows.len()).filter(|&row| wanted(&self.rows[row]));
        let ratios: Vec<(usize, f64)> =
            counted.filter_map(|row| Some((row, self.ratio(row, column, metric)?))).collect();
        let worst = ratios.iter().copied().max_by(|left, right| left.1.total_cmp(&right.1))?;
        let values: Vec<f64> = ratios.iter().map(|&(_, ratio)| ratio).collect();
        Some(Mean { ratio: geometric_mean(&values)?, rows: values.len(), worst })
    }

    /// How many rows count at all.
    pub fn counted_rows(&self) -> usize {
        self.rows.iter().filter(|row| row.counts).count()
    }

    /// "job under allocator: problem" for every cell that has one.
    pub fn problems(&self) -> Vec<String> {
        let mut list = Vec::new();
        for (row, cells) in self.rows.iter().zip(&self.cells) {
            for (column, cell) in self.columns.iter().zip(cells) {
                if let Some(problem) = &cell.problem {
                    list.push(format!("{} under {}: {problem}", row.name, column.name));
                }
            }
        }
        list
    }
}

/// Campaigns with made-up figures, for the tests of the reports.
#[cfg(test)]
pub mod samples {
    use super::*;

    /// Two rows that count, one that does not, three columns; one cell has a problem.
    pub fn campaign() -> Campaign {
        let run = |user_us, peak_kib| Measurement {
            user_us,
            wall_us: user_us,
            peak_kib,
            ..Measurement::default()
        };
        let cell =
            |user_us, peak_kib| Cell { runs: vec![run(user_us, peak_kib); 3], ..Cell::default() };
        let broken = Cell { problem: Some("killed by signal 11".to_owned()), ..Cell::default() };
        let mut scale = cell(5_000_000, 500_000);
        scale.printed.insert("scale 1000".to_owned(), vec![vec![9.0, 8.0, 7.0, 6.0]]);
        let row = |name: &str, counts| Row {
            name: name.into(),
            what: "work & <more>".into(),
            counts,
            short: name == "churn",
        };
        let column = |name: &str| Column {
            name: name.into(),
            version: format!("{name} 1"),
            slow: name == "other",
        };
        Campaign {
            rows: vec![row("churn", true), row("tree", true), row("scale", false)],
            columns: ["glibc", "heapwarden", "other"].map(column).to_vec(),
            cells: vec![
                vec![cell(1_000_000, 10_240), cell(500_000, 10_240), cell(3_000_000, 20_480)],
                vec![cell(2_000_000, 10_240), cell(4_000_000, 20_480), broken],
                vec![scale.clone(), scale.clone(), scale],
            ],
            runs: 3,
            command: "heapwarden-bench compare".into(),
            machine: vec!["a machine".into()],
            notes: vec!["perl left out: not installed".into()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_and_means_refer_to_the_baseline_and_skip_what_does_not_count() {
        let campaign = samples::campaign();
        assert_eq!(campaign.ratio(0, 1, Metric::Cpu), Some(0.5));
        assert_eq!(campaign.ratio(1, 2, Metric::Cpu), None);
        let mean = campaign.mean(1, Metric::Cpu).unwrap();
        assert!((mean.ratio - 1.0).abs() < 1e-12);
        assert_eq!((mean.rows, mean.worst), (2, (1, 2.0)));
        let mean = campaign.mean(2, Metric::Cpu).unwrap();
        assert_eq!(mean.rows, 1);
        assert!((mean.ratio - 3.0).abs() < 1e-12);
    }

    #[test]
    fn problems_name_job_and_allocator() {
        assert_eq!(samples::campaign().problems(), ["tree under other: killed by signal 11"]);
    }

    #[test]
    fn printed_figures_are_medians_number_by_number() {
        let mut cell = Cell::default();
        let lines = vec![vec![1.0, 30.0], vec![2.0, 20.0], vec![9.0, 10.0]];
        cell.printed.insert("scale 1000".to_owned(), lines);
        assert_eq!(cell.printed_figures("scale 1000"), Some(vec![2.0, 20.0]));
        assert_eq!(cell.printed_figures("scale 10"), None);
    }
}
