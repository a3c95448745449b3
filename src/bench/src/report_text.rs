//! The comparison for a terminal.

use crate::campaign::{Campaign, Metric};
use crate::tables;

/// Renders it.
pub fn render(campaign: &Campaign) -> String {
    let mut text = String::new();
    let titled = |title: &str, body: String| format!("\n{title}\n{body}");
    text += &titled("CPU time, ratio to the first column", by_job(campaign, Metric::Cpu));
    text += &titled("Peak memory, ratio to the first column", by_job(campaign, Metric::Peak));
    text += &titled("Wall time, ratio to the first column", by_job(campaign, Metric::Wall));
    if let Some(table) = tables::scale(campaign) {
        text += &titled("Cost per operation as the heap grows", table.to_text());
    }
    text += &titled("Geometric means, ratio to glibc", tables::means(campaign).to_text());
    for problem in campaign.problems() {
        text += &format!("failed: {problem}\n");
    }
    text
}

fn by_job(campaign: &Campaign, metric: Metric) -> String {
    tables::by_job(campaign, metric).to_text()
}
