//! The statistics, in the library's words: what is a number or a few of them.

use super::number::{bytes, grouped};
use crate::formats::View;
use serde_json::{Map, Value};

/// The known ones in this order; what others there are follows by name.
const ORDER: [&str; 8] = [
    "mallocs",
    "frees",
    "live_blocks",
    "live_bytes",
    "peak_bytes",
    "mapped_bytes",
    "mapped_peak_bytes",
    "metadata_bytes",
];

pub fn write(text: &mut String, view: &View<'_>) {
    let stats = &view.report.stats;
    if stats.is_empty() || !view.kinds.is_all() {
        return;
    }
    *text += match view.report.processes.len() {
        0 | 1 => "\nStatistics\n",
        _ => "\nStatistics (sums; so a peak is an upper bound)\n",
    };
    let known = ORDER.iter().filter_map(|name| stats.get_key_value(*name));
    let others = stats.iter().filter(|(name, _)| !ORDER.contains(&name.as_str()));
    for (name, value) in known.chain(others) {
        if let Some(value) = told(name, value) {
            *text += &format!("  {:24} {value}\n", name.replace('_', " "));
        }
    }
}

/// A value; `None` for what is too much for a line.
fn told(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(match number.as_u64() {
            Some(count) if name.ends_with("_bytes") => bytes(count),
            Some(count) => grouped(count),
            None if name.ends_with("_fragmentation") => {
                format!("{:.1}%", number.as_f64()? * 100.0)
            }
            None => number.to_string(),
        }),
        Value::Object(fields) => Some(row(fields)),
        Value::Array(list) => Some(grouped(list.len() as u64)),
        _ => None,
    }
}

/// `mmap 12, munmap 3`; what is zero is left out.
fn row(fields: &Map<String, Value>) -> String {
    let pairs = fields.iter().filter(|(_, value)| value.as_u64() != Some(0));
    let pair = |(name, value): (&String, &Value)| {
        value.as_u64().map(|count| format!("{} {}", name.replace('_', " "), grouped(count)))
    };
    let row: Vec<_> = pairs.filter_map(pair).collect();
    if row.is_empty() { "none".into() } else { row.join(", ") }
}
