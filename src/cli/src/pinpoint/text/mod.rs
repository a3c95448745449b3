//! The combined report as text: what the first run reported, and in it, before the summary of each
//! damage, who did it, as the later run reported it. The kind and the summary are then that run's: who
//! sees a write knows better what it was.

mod cut;
#[cfg(test)]
mod tests;

use super::search::{Search, Target};
use super::words;
use cut::Report;

/// All of it. `logs` are those of the later runs.
pub fn combined(first: &str, logs: &[&str], search: &Search) -> String {
    let mut text = first.to_owned();
    for target in &search.targets {
        let finding = finding(target, logs, search);
        match Report::find(&text, target.process, &target.late) {
            Some(report) => finding.put_into(&report, &mut text),
            None => text += &finding.whole(),
        }
    }
    text
}

/// What is put into a report.
#[derive(Default)]
struct Finding {
    /// Lines.
    body: String,
    /// The line that sums it up, if it is another one.
    summary: Option<String>,
    /// What kind it turned out to be.
    kind: Option<String>,
}

impl Finding {
    fn whole(&self) -> String {
        format!("{}{}", self.body, self.summary.as_deref().unwrap_or_default())
    }

    /// Puts it at the end of a report, before its summary.
    fn put_into(&self, report: &Report, text: &mut String) {
        let place = report.summary_line(text);
        if let Some(line) = self.summary.as_deref().filter(|_| !place.is_empty()) {
            text.replace_range(place.clone(), line);
        }
        text.insert_str(place.start, &self.body);
        if let (Some(kind), Some(place)) = (&self.kind, report.kind(text)) {
            text.replace_range(place, kind);
        }
    }
}

fn finding(target: &Target, logs: &[&str], search: &Search) -> Finding {
    let Some(seen) = &target.seen else {
        let body = format!("PINPOINT: not seen. {}\n", words::not_seen(target, search));
        return Finding { body, ..Finding::default() };
    };
    let heading = words::seen(seen, &target.late);
    let report =
        logs.iter().find_map(|log| Some((log, Report::find(log, seen.process, &seen.error)?)));
    let Some((log, report)) = report else {
        let body = format!("{heading} see the report file\n");
        return Finding { body, ..Finding::default() };
    };
    let part = |place| log.get(place).map(str::to_owned);
    Finding {
        body: format!("{heading}\n{}", report.body(log)),
        summary: part(report.summary_line(log)).filter(|line| !line.is_empty()),
        kind: report.kind(log).and_then(part),
    }
}
