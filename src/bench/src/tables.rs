//! The tables of a comparison, made from its figures; how they are rendered is the reports' business.

use crate::campaign::{Campaign, Metric};
use crate::table::Table;

const NOTHING: &str = "-";

/// One row per allocator: geometric means of time and memory, and the worst job.
pub fn means(campaign: &Campaign) -> Table {
    let mut table = Table::new([
        "allocator",
        "CPU time",
        "peak memory",
        "wall time",
        "jobs",
        "worst CPU time",
        "short jobs' CPU time",
    ]);
    for (index, column) in campaign.columns.iter().enumerate() {
        let of = |metric| campaign.mean(index, metric);
        let ratio = |metric| of(metric).map_or(NOTHING.into(), |mean| format!("{:.2}", mean.ratio));
        let cpu = of(Metric::Cpu);
        let jobs = cpu.map_or(0, |mean| mean.rows);
        let worst = cpu.map_or(NOTHING.into(), |mean| {
            format!("{:.2} ({})", mean.worst.1, campaign.rows[mean.worst.0].name)
        });
        table.push(vec![
            column.name.clone(),
            ratio(Metric::Cpu),
            ratio(Metric::Peak),
            ratio(Metric::Wall),
            format!("{jobs} of {}", campaign.counted_rows()),
            worst,
            campaign
                .short_mean(index, Metric::Cpu)
                .map_or(NOTHING.into(), |mean| format!("{:.2}", mean.ratio)),
        ]);
    }
    table
}

/// One row per job: the baseline's figure with its unit, the others as ratios to it.
pub fn by_job(campaign: &Campaign, metric: Metric) -> Table {
    let names = campaign.columns.iter().map(|column| column.name.clone());
    let mut table = Table::new(std::iter::once("job".to_owned()).chain(names));
    for (row, job) in campaign.rows.iter().enumerate() {
        let mut cells = vec![job.name.clone()];
        for column in 0..campaign.columns.len() {
            cells.push(cell(campaign, row, column, metric));
        }
        table.push(cells);
    }
    let mut last = vec!["geometric mean".to_owned()];
    for column in 0..campaign.columns.len() {
        let mean = campaign.mean(column, metric);
        last.push(mean.map_or(NOTHING.into(), |mean| format!("{:.2}", mean.ratio)));
    }
    table.push(last);
    table
}

fn cell(campaign: &Campaign, row: usize, column: usize, metric: Metric) -> String {
    let cell = &campaign.cells[row][column];
    if cell.problem.is_some() {
        return "failed".to_owned();
    }
    let text = match (column, metric) {
        (0, Metric::Peak) => cell.figure(metric).map(|mebibytes| format!("{mebibytes:.1} MiB")),
        (0, _) => cell.figure(metric).map(|seconds| format!("{seconds:.2} s")),
        _ => campaign.ratio(row, column, metric).map(|ratio| format!("{ratio:.2}")),
    };
    text.unwrap_or_else(|| NOTHING.to_owned())
}

/// The figures of `scale`: one row per allocator and kind of operation, one column per decade.
pub fn scale(campaign: &Campaign) -> Option<Table> {
    let row = campaign.rows.iter().position(|row| row.name == "scale")?;
    let decades: Vec<u32> = (3..=7).collect();
    let key = |decade: u32| format!("scale {}", 10_u64.pow(decade));
    let head = decades.iter().map(|decade| format!("10^{decade} live"));
    let mut table = Table::new(std::iter::once("ns per operation".to_owned()).chain(head));
    for (column, allocator) in campaign.columns.iter().enumerate() {
        for (index, kind) in ["grow", "pair", "replace", "touch"].iter().enumerate() {
            let mut cells = vec![format!("{}: {kind}", allocator.name)];
            for &decade in &decades {
                let figures = campaign.cells[row][column].printed_figures(&key(decade));
                let figure = figures.and_then(|figures| figures.get(index).copied());
                cells.push(figure.map_or(NOTHING.into(), |figure| format!("{figure:.1}")));
            }
            table.push(cells);
        }
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::samples;

    #[test]
    fn means_name_the_worst_job_and_count_the_jobs() {
        let table = means(&samples::campaign());
        assert_eq!(
            table.rows[1],
            ["heapwarden", "1.00", "1.41", "1.00", "2 of 2", "2.00 (tree)", "0.50"]
        );
        assert_eq!(
            table.rows[2],
            ["other", "3.00", "2.00", "3.00", "1 of 2", "3.00 (churn)", "3.00"]
        );
    }

    #[test]
    fn jobs_show_the_baseline_in_units_and_the_rest_as_ratios() {
        let table = by_job(&samples::campaign(), Metric::Cpu);
        assert_eq!(table.rows[0], ["churn", "1.00 s", "0.50", "3.00"]);
        assert_eq!(table.rows[1], ["tree", "2.00 s", "2.00", "failed"]);
        assert_eq!(table.rows.last().unwrap()[0], "geometric mean");
        assert_eq!(by_job(&samples::campaign(), Metric::Peak).rows[0][1], "10.0 MiB");
    }

    #[test]
    fn scale_shows_what_the_workload_printed() {
        let table = scale(&samples::campaign()).unwrap();
        assert_eq!(table.rows[1], ["glibc: pair", "8.0", "-", "-", "-", "-"]);
    }
}
