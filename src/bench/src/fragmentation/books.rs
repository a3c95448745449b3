//! The figures of one scenario: what the kernel says about this process, relative to the start.
//!
//! Resident memory is read from `smaps_rollup`, which counts pages; the cheaper counters of `statm` may
//! be wrong by dozens of pages per processor. Everything is relative to what the process had when the
//! books were opened, so that the figures are the heap's.

use std::time::Duration;

use crate::clock::process_time;

/// The open books.
pub struct Books {
    resident_at_start: f64,
    mapped_at_start: f64,
    started: Duration,
    entries: Vec<(String, f64)>,
}

impl Books {
    /// Starts the clock and takes the first figures.
    pub fn open() -> Books {
        let (resident_at_start, mapped_at_start) = (resident_mib(), status_mib("VmSize:"));
        Books { resident_at_start, mapped_at_start, started: process_time(), entries: Vec::new() }
    }

    /// Notes a figure; the label ends with the unit in parentheses.
    pub fn note(&mut self, label: &str, value: f64) {
        self.entries.push((label.to_owned(), value));
    }

    /// A figure noted before.
    pub fn value(&self, label: &str) -> f64 {
        let entry = self.entries.iter().find(|(known, _)| known == label);
        entry.map_or(f64::NAN, |&(_, value)| value)
    }

    /// Notes the memory resident now.
    pub fn note_resident(&mut self, label: &str) {
        let resident = resident_mib() - self.resident_at_start;
        self.note(&format!("{label} (MiB)"), resident);
    }

    /// Notes the largest resident set and the largest address space so far.
    pub fn note_peaks(&mut self) {
        let peak = status_mib("VmHWM:") - self.resident_at_start;
        self.note("peak RSS (MiB)", peak.max(resident_mib() - self.resident_at_start));
        self.note("mapped at most (MiB)", status_mib("VmPeak:") - self.mapped_at_start);
    }

    /// Notes the processor time since the books were opened.
    pub fn note_time(&mut self) {
        let milliseconds = (process_time() - self.started).as_secs_f64() * 1e3;
        self.note("CPU time (ms)", milliseconds);
    }

    /// One figure per line.
    pub fn to_text(&self) -> String {
        self.entries.iter().map(|(label, value)| format!("{label}\t{value}\n")).collect()
    }
}

/// Reads [`Books::to_text`] back.
pub fn read(text: &str) -> Vec<(String, f64)> {
    let entry = |line: &str| {
        let (label, value) = line.split_once('\t')?;
        Some((label.to_owned(), value.parse().ok()?))
    };
    text.lines().filter_map(entry).collect()
}

/// MiB and milliseconds with decimals, counts without.
pub fn format(label: &str, figure: Option<f64>) -> String {
    match figure {
        Some(value) if label.ends_with("(MiB)") && value < 10.0 => format!("{value:.2}"),
        Some(value) if label.ends_with("(MiB)") || label.ends_with("(ms)") => format!("{value:.1}"),
        Some(value) if label.ends_with("ratio") => format!("{value:.2}"),
        Some(value) => format!("{value:.0}"),
        None => "failed".to_owned(),
    }
}

fn resident_mib() -> f64 {
    kibibytes("/proc/self/smaps_rollup", "Rss:") / 1024.0
}

fn status_mib(key: &str) -> f64 {
    kibibytes("/proc/self/status", key) / 1024.0
}

fn kibibytes(path: &str, key: &str) -> f64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let rest = text.lines().find_map(|line| line.strip_prefix(key));
    let number = rest.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_survive_the_way_to_the_parent() {
        let mut books = Books::open();
        books.note("in the gaps", 7.0);
        books.note_resident("after frees");
        let entries = read(&books.to_text());
        assert_eq!(entries[0], ("in the gaps".to_owned(), 7.0));
        assert_eq!(entries[1].0, "after frees (MiB)");
    }

    #[test]
    fn resident_memory_follows_what_is_touched() {
        let mut books = Books::open();
        let mut ballast = vec![0_u8; 32 << 20];
        ballast.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
        books.note_resident("full");
        books.note_peaks();
        std::hint::black_box(&ballast);
        let full = books.value("full (MiB)");
        assert!((31.0..60.0).contains(&full), "{full}");
        assert!(books.value("peak RSS (MiB)") >= full);
        assert!(books.value("mapped at most (MiB)") >= 31.0);
    }
}
