//! The comparison as a Markdown page: what docs/benchmarks.md is made by.

use crate::campaign::{Campaign, Metric};
use crate::tables;

/// Renders the page; `chart` is the file name of the chart beside it.
pub fn render(campaign: &Campaign, chart: Option<&str>) -> String {
    let mut page = head(campaign);
    page += "\n## Summary\n\n\
             Geometric means over the jobs, as ratios to glibc: below 1 is less than glibc.\n\n";
    page += &tables::means(campaign).to_markdown();
    if let Some(file) = chart {
        page += &format!("\n![Time and peak memory of each allocator against glibc]({file})\n");
    }
    page += &section(campaign, "CPU time", CPU_TEXT, Metric::Cpu);
    page += &section(campaign, "Peak memory", PEAK_TEXT, Metric::Peak);
    page += &section(campaign, "Wall time", WALL_TEXT, Metric::Wall);
    if let Some(table) = tables::scale(campaign) {
        page += "\n## Cost per operation as the heap grows\n\n";
        page += SCALE_TEXT;
        page += &table.to_markdown();
    }
    page += &jobs(campaign);
    page
}

/// The heading under which the page ends with what people write: it outlives the next run.
const BY_HAND: &str = "\n## Where the time goes\n";

/// The end of an earlier page, from that heading on.
pub fn written_by_hand(page: &str) -> &str {
    page.find(BY_HAND).map_or("", |start| &page[start..])
}

const CPU_TEXT: &str =
    "User and system time of the process: seconds for glibc, ratios for the others.";
const PEAK_TEXT: &str =
    "Largest resident set of the process, from the kernel's books when it ends.";
const WALL_TEXT: &str = "From start to end. For redis this is mostly the client's time.";
const SCALE_TEXT: &str = "\
    Nanoseconds of processor time per operation with that many live blocks of 32 bytes. `grow`: one more malloc on the way \
    up, the first touch of new memory included. `pair`: malloc and free beside the live blocks. \
    `replace`: free of a random live block and malloc of another, 1,000 of each at a time. `touch`: the \
    same random visits without malloc or free, that is the price of the processor's caches, which no \
    allocator can avoid. `scale` is not part of the geometric means.\n\n";

const SLOW_TEXT: &str = "\n(*) Takes many times as long, and so ran each job once only; tcmalloc-debug, \
    heaptrack and memcheck the short jobs only, over which the last column of the summary compares \
    all. heaptrack is its recorder alone, which writes to \
    /dev/null; its interpreter, a process beside it, is not measured.\n";

fn head(campaign: &Campaign) -> String {
    let mut page =
        "# Benchmarks\n\nThis page is generated, but for its last part. The command was\n\n```\n"
            .to_owned();
    page += &campaign.command;
    page += "\n```\n\non this machine:\n\n";
    for fact in &campaign.machine {
        page += &format!("- {fact}\n");
    }
    page += &format!(
        "\nEvery job ran {} under each allocator, interleaved (A B C A B C ...), through `LD_PRELOAD`; \
         the figures are medians. Each run does a fixed amount of work and its output is compared with \
         that of the run under glibc.\n\nThe allocators:\n\n",
        if campaign.runs == 1 { "once".to_owned() } else { format!("{} times", campaign.runs) }
    );
    for column in &campaign.columns {
        let slow = if column.slow { " (*)" } else { "" };
        page += &format!("- {}: {}{slow}\n", column.name, column.version);
    }
    if campaign.columns.iter().any(|column| column.slow) {
        page += SLOW_TEXT;
    }
    page
}

fn section(campaign: &Campaign, title: &str, text: &str, metric: Metric) -> String {
    let table = tables::by_job(campaign, metric).to_markdown();
    format!("\n## {title}\n\n{text}\n\n{table}")
}

fn jobs(campaign: &Campaign) -> String {
    let mut page = "\n## The jobs\n\n".to_owned();
    for row in &campaign.rows {
        page += &format!("- `{}`: {}\n", row.name, row.what);
    }
    let problems = campaign.problems();
    if !problems.is_empty() {
        page += "\n## Failed\n\n";
        problems.iter().for_each(|problem| page += &format!("- {problem}\n"));
    }
    if !campaign.notes.is_empty() {
        page += "\n## Left out\n\n";
        campaign.notes.iter().for_each(|note| page += &format!("- {note}\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::samples;

    #[test]
    fn what_was_written_by_hand_is_found_again() {
        let page = render(&samples::campaign(), None);
        assert_eq!(written_by_hand(&page), "");
        let end = format!("{BY_HAND}\nIn the kernel.\n");
        assert_eq!(written_by_hand(&(page + &end)), end);
    }

    #[test]
    fn the_page_has_command_machine_chart_tables_and_failures() {
        let page = render(&samples::campaign(), Some("benchmarks.svg"));
        for part in [
            "heapwarden-bench compare",
            "- a machine",
            "ran 3 times",
            "(benchmarks.svg)",
            "| heapwarden | 1.00 | 1.41 |",
            "| churn | 1.00 s | 0.50 | 3.00 |",
            "- other: other 1 (*)",
            "- tree under other: killed by signal 11",
            "- perl left out: not installed",
        ] {
            assert!(page.contains(part), "{part} is missing in:\n{page}");
        }
        assert!(!render(&samples::campaign(), None).contains("!["));
    }
}
