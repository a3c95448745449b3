//! The reports in what a process wrote, as text and as JSON, taken apart for comparison.

use super::process::Outcome;
use serde_json::Value;
use std::fs;
use std::path::Path;

const RULE: &str = "=================================================================\n";

/// One report as text.
pub struct Report {
    pub kind: String,
    pub address: u64,
    /// What happened: the line below the first.
    pub action: String,
    pub lines: Vec<String>,
    /// Whether it is one line, as with `report=line`.
    pub is_line: bool,
}

impl Report {
    /// Every report in a text. One that is not whole (from its rule to its summary, or one line) is
    /// a failure.
    pub fn all(text: &str) -> Vec<Report> {
        let not_whole = |part| -> Report { panic!("not whole: {part}") };
        if !text.contains(RULE) {
            let lines = text.lines().filter(|line| line.contains("ERROR: Heapwarden: "));
            return lines
                .map(|line| Report::one(line).unwrap_or_else(|| not_whole(line)))
                .collect();
        }
        let parts = text.split(RULE).skip(1);
        parts.map(|part| Report::page(part).unwrap_or_else(|| not_whole(part))).collect()
    }

    fn one(line: &str) -> Option<Report> {
        let (_, first) = line.split_once("==ERROR: Heapwarden: ")?;
        let (kind, rest) = first.split_once(" on address 0x")?;
        let (address, rest) = rest.split_once(": ")?;
        let address = u64::from_str_radix(address, 16).ok()?;
        let (action, _) = rest.split_once("; ")?;
        let (kind, action, lines) = (kind.to_owned(), action.to_owned(), vec![line.to_owned()]);
        Some(Report { kind, address, action, lines, is_line: true })
    }

    fn page(part: &str) -> Option<Report> {
        let end = part.find("\nSUMMARY: Heapwarden: ")?;
        let lines: Vec<String> = part[..end].lines().map(str::to_owned).collect();
        let (_, first) = lines.first()?.split_once("==ERROR: Heapwarden: ")?;
        let (kind, rest) = first.split_once(" on address 0x")?;
        let address = u64::from_str_radix(rest.split(' ').next()?, 16).ok()?;
        let (kind, action) = (kind.to_owned(), lines.get(1)?.clone());
        let summary = &part[end + "\nSUMMARY: Heapwarden: ".len()..];
        let is_line = false;
        summary.starts_with(&kind).then_some(Report { kind, address, action, lines, is_line })
    }

    /// The line that contains `text`.
    pub fn line(&self, text: &str) -> Option<&str> {
        self.lines.iter().map(String::as_str).find(|line| line.contains(text))
    }

    /// The line that says where the address lies.
    pub fn place_line(&self) -> Option<&str> {
        self.line(if self.is_line { "; located " } else { " is located " })
    }

    /// `4 bytes after 24-byte region [0x10, 0x28)`: the words between, and the region's start.
    pub fn place(&self) -> Option<(&str, u64)> {
        let line = self.place_line()?;
        let (_, place) = line.split_once(" is located ").or(line.split_once("; located "))?;
        let (words, region) = place.split_once(" [0x")?;
        let (start, _) = region.split_once(',')?;
        Some((words, u64::from_str_radix(start, 16).ok()?))
    }
}

impl Outcome {
    /// The only report on stderr.
    pub fn report(&self) -> Report {
        let mut reports = Report::all(&self.stderr);
        assert_eq!(reports.len(), 1, "one report: {self:?}");
        reports.remove(0)
    }
}

/// A report file, which must be whole.
pub fn report_file(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}
