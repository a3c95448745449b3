//! The file format of speedscope: a table of frames, and a profile for each cost.

use super::View;
use super::cost::Cost;
use crate::report_file::frame_name;
use serde_json::{Value, json};
use std::collections::HashMap;

const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

/// The profiles of all costs, or of the one that was asked for.
pub fn render(view: &View<'_>) -> String {
    let mut frames = Frames::default();
    let profiles: Vec<_> =
        view.costs().into_iter().map(|cost| profile(view, cost, &mut frames)).collect();
    let processes = view.report.all_processes();
    let name = processes.first().map(|process| process.argv.join(" ")).unwrap_or_default();
    let file = json!({
        "$schema": SCHEMA,
        "exporter": concat!("heapwarden ", env!("CARGO_PKG_VERSION")),
        "name": name,
        "activeProfileIndex": 0,
        "shared": { "frames": frames.list },
        "profiles": profiles,
    });
    format!("{file}\n")
}

fn profile(view: &View<'_>, cost: Cost, frames: &mut Frames) -> Value {
    let (mut samples, mut weights, mut total) = (Vec::new(), Vec::new(), 0u64);
    for (stack, weight) in cost.stacks(view) {
        let sample: Vec<_> = stack
            .iter()
            .rev()
            .map(|frame| frames.position(frame_name(frame), frame.file.as_deref(), frame.line))
            .collect();
        samples.push(sample);
        weights.push(weight);
        total = total.saturating_add(weight);
    }
    json!({
        "type": "sampled",
        "name": cost.title(),
        "unit": if cost.is_bytes() { "bytes" } else { "none" },
        "startValue": 0,
        "endValue": total,
        "samples": samples,
        "weights": weights,
    })
}

/// The shared table.
#[derive(Default)]
struct Frames {
    list: Vec<Value>,
    known: HashMap<(String, Option<String>, Option<u64>), usize>,
}

impl Frames {
    fn position(&mut self, name: String, file: Option<&str>, line: Option<u64>) -> usize {
        let next = self.list.len();
        let key = (name, file.map(str::to_owned), line);
        if let Some(position) = self.known.get(&key) {
            return *position;
        }
        let mut frame = json!({ "name": key.0 });
        if let Some(file) = &key.1 {
            frame["file"] = file.as_str().into();
        }
        if let Some(line) = line {
            frame["line"] = line.into();
        }
        self.list.push(frame);
        self.known.insert(key, next);
        next
    }
}
