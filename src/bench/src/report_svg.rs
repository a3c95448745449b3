//! The comparison as a chart: bars, written by hand. Left: the geometric means of every allocator.
//! Right: Heapwarden (or the second column, when it is not there) against the baseline, job by job.
//!
//! The chart has no background of its own. Its colours follow the reader's light or dark setting, and
//! the ones outside the media query can be read on both. Bars are linear, cut off at [`RATIO_MAX`].

use crate::campaign::{Campaign, Metric};
use crate::peers;

const ROW_HEIGHT: f64 = 38.0;
const BAR_HEIGHT: f64 = 12.0;
const TOP: f64 = 92.0;
const PANEL_WIDTH: f64 = 440.0;
const LABEL_WIDTH: f64 = 116.0;
const BAR_WIDTH: f64 = 250.0;
const RATIO_MAX: f64 = 3.0;

const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #75808f; }
.title { font-size: 16px; font-weight: 600; }
.head { font-size: 13px; font-weight: 600; }
.ours { font-weight: 600; }
.time { fill: #2f7ed8; }
.memory { fill: #e08a2e; }
.line { stroke: #8a93a0; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) {
text { fill: #c3cad4; }
.time { fill: #5aa2f2; }
.memory { fill: #f0a658; }
}";

/// One line of a panel: a label and two ratios.
struct Bar {
    label: String,
    time: Option<f64>,
    memory: Option<f64>,
    ours: bool,
}

/// Renders the chart.
pub fn render(campaign: &Campaign) -> String {
    let means: Vec<Bar> =
        (0..campaign.columns.len()).map(|column| mean_bar(campaign, column)).collect();
    let ours = our_column(campaign);
    let jobs: Vec<Bar> = match ours {
        Some(column) => {
            (0..campaign.rows.len()).map(|row| job_bar(campaign, row, column)).collect()
        }
        None => Vec::new(),
    };
    let name = ours.map_or(String::new(), |column| campaign.columns[column].name.clone());
    draw(&means, &jobs, &name)
}

fn our_column(campaign: &Campaign) -> Option<usize> {
    let named = campaign.columns.iter().position(|column| column.name == peers::HEAPWARDEN);
    named.or((campaign.columns.len() > 1).then_some(1))
}

fn mean_bar(campaign: &Campaign, column: usize) -> Bar {
    let ratio = |metric| campaign.mean(column, metric).map(|mean| mean.ratio);
    let label = campaign.columns[column].name.clone();
    let ours = label.starts_with(peers::HEAPWARDEN);
    Bar { label, time: ratio(Metric::Cpu), memory: ratio(Metric::Peak), ours }
}

fn job_bar(campaign: &Campaign, row: usize, column: usize) -> Bar {
    let ratio = |metric| campaign.ratio(row, column, metric);
    let label = campaign.rows[row].name.clone();
    Bar { label, time: ratio(Metric::Cpu), memory: ratio(Metric::Peak), ours: false }
}

fn draw(means: &[Bar], jobs: &[Bar], name: &str) -> String {
    let height = TOP + ROW_HEIGHT * means.len().max(jobs.len()) as f64 + 16.0;
    let width = PANEL_WIDTH * 2.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n<title>CPU time and peak memory \
         against glibc</title>\n<style>{STYLE}</style>\n"
    );
    svg += "<text class=\"title\" x=\"16\" y=\"26\">CPU time and peak memory, glibc = 1 (shorter is \
            better)</text>\n";
    svg += &legend();
    svg += &panel(0.0, "Geometric mean of all jobs", means);
    svg += &panel(PANEL_WIDTH, &format!("{} job by job", escape(name)), jobs);
    svg + "</svg>\n"
}

fn legend() -> String {
    let mut svg = String::new();
    for (index, (class, text)) in
        [("time", "CPU time"), ("memory", "peak memory")].iter().enumerate()
    {
        let x = 16.0 + 96.0 * index as f64;
        svg += &format!("<rect class=\"{class}\" x=\"{x}\" y=\"38\" width=\"12\" height=\"12\"/>");
        svg += &format!("<text x=\"{}\" y=\"48\">{text}</text>\n", x + 17.0);
    }
    svg
}

fn panel(left: f64, title: &str, bars: &[Bar]) -> String {
    let zero = left + LABEL_WIDTH;
    let one = zero + BAR_WIDTH / RATIO_MAX;
    let bottom = TOP + ROW_HEIGHT * bars.len() as f64;
    let mut svg = format!("<text class=\"head\" x=\"{}\" y=\"76\">{title}</text>\n", left + 16.0);
    for (index, bar) in bars.iter().enumerate() {
        let y = TOP + ROW_HEIGHT * index as f64;
        let class = if bar.ours { " class=\"ours\"" } else { "" };
        let (x, middle) = (zero - 8.0, y + BAR_HEIGHT + 4.0);
        let label = escape(&bar.label);
        svg +=
            &format!("<text{class} text-anchor=\"end\" x=\"{x}\" y=\"{middle}\">{label}</text>\n");
        svg += &one_bar(zero, y, "time", bar.time);
        svg += &one_bar(zero, y + BAR_HEIGHT + 1.0, "memory", bar.memory);
    }
    let top = TOP - 6.0;
    svg += &format!(
        "<line class=\"line\" x1=\"{one:.1}\" y1=\"{top}\" x2=\"{one:.1}\" y2=\"{bottom}\"/>\n"
    );
    svg
}

fn one_bar(zero: f64, y: f64, class: &str, ratio: Option<f64>) -> String {
    let text_y = y + BAR_HEIGHT - 2.0;
    let Some(ratio) = ratio else {
        return format!("<text x=\"{}\" y=\"{text_y}\">failed</text>\n", zero + 4.0);
    };
    let width = ratio.min(RATIO_MAX) / RATIO_MAX * BAR_WIDTH;
    // Numbers stand right of the line at 1, never under it.
    let more = if ratio > RATIO_MAX { " \u{2192}" } else { "" };
    format!(
        "<rect class=\"{class}\" x=\"{zero}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR_HEIGHT}\" \
         rx=\"2\"/><text x=\"{:.1}\" y=\"{text_y}\">{ratio:.2}{more}</text>\n",
        zero + width.max(BAR_WIDTH / RATIO_MAX) + 5.0
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::samples;

    /// Every element is closed, in the right order, with quoted attributes; no stray `&` or `<`.
    fn well_formed(svg: &str) -> Result<(), String> {
        let mut open: Vec<&str> = Vec::new();
        let mut pieces = svg.split('<');
        if !pieces.next().unwrap_or_default().trim().is_empty() {
            return Err("text before the first element".into());
        }
        for piece in pieces {
            let (tag, text) = piece.split_once('>').ok_or(format!("unclosed <{piece}"))?;
            if tag.matches('"').count() % 2 != 0 {
                return Err(format!("odd quotes in <{tag}>"));
            }
            if let Some(name) = tag.strip_prefix('/') {
                if open.pop() != Some(name) {
                    return Err(format!("</{name}> closes nothing"));
                }
            } else if !tag.ends_with('/') {
                open.push(tag.split_whitespace().next().unwrap_or_default());
            }
            let entities = ["&amp;", "&lt;", "&gt;", "&quot;"];
            let known: usize = entities.iter().map(|entity| text.matches(entity).count()).sum();
            if text.matches('&').count() != known || text.contains('>') {
                return Err(format!("unescaped text {text}"));
            }
        }
        if open.is_empty() { Ok(()) } else { Err(format!("left open: {open:?}")) }
    }

    #[test]
    fn the_chart_is_well_formed_and_escapes_names() {
        let mut campaign = samples::campaign();
        campaign.columns[2].name = "a<b & \"c\">".into();
        let svg = render(&campaign);
        assert_eq!(well_formed(&svg), Ok(()));
        assert!(svg.contains("a&lt;b &amp; &quot;c&quot;&gt;"));
    }

    #[test]
    fn the_checker_itself_sees_faults() {
        assert!(well_formed("<svg><text>a</svg>").is_err());
        assert!(well_formed("<svg>a & b</svg>").is_err());
        assert!(well_formed("<svg a=\"b></svg>").is_err());
        assert!(well_formed("<svg>").is_err());
    }

    #[test]
    fn a_long_bar_is_cut_off_and_keeps_its_number() {
        let bar = one_bar(0.0, 0.0, "time", Some(12.5));
        assert!(bar.contains("width=\"250.0\"") && bar.contains("12.50 \u{2192}"), "{bar}");
        assert!(one_bar(0.0, 0.0, "time", None).contains("failed"));
    }

    #[test]
    fn an_empty_campaign_is_still_a_chart() {
        assert_eq!(well_formed(&render(&Campaign::default())), Ok(()));
    }
}
