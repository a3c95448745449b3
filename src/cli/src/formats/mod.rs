//! A report in the forms that people and other tools read: one file each, from the same structures.
//!
//! Each is a pure function of a [`View`]: nothing is printed here. What a report does not hold is
//! told in a sentence by [`View::missing`] and is no error.

mod cost;
pub mod diff;
pub mod folded;
pub mod pprof;
pub mod sarif;
mod select;
pub mod speedscope;
pub mod stack;
pub mod text;

use crate::report_file::{Error, LeakRecord, Report};

pub use cost::Cost;
pub use select::Kinds;

/// A report, and what of it is wanted.
pub struct View<'a> {
    /// The report.
    pub report: &'a Report,
    /// The kinds of errors and leaks to show.
    pub kinds: &'a Kinds,
    /// The cost to show; `None` leaves it to the form.
    pub cost: Option<Cost>,
    /// The longest list to show.
    pub top: usize,
}

impl<'a> View<'a> {
    /// The errors that are wanted.
    pub fn errors(&self) -> Vec<&'a Error> {
        self.report.errors.iter().filter(|error| self.kinds.takes_error(&error.kind)).collect()
    }

    /// The leak records that are wanted: worst kind first, then most bytes.
    pub fn leaks(&self) -> Vec<&'a LeakRecord> {
        let records = self.report.leaks.iter().flat_map(|leaks| &leaks.records);
        let mut records: Vec<_> =
            records.filter(|record| self.kinds.takes_leak(&record.kind)).collect();
        records.sort_by_key(|record| {
            let bytes = record.bytes.saturating_add(record.retained_bytes);
            (select::rank(&record.kind), std::cmp::Reverse(bytes))
        });
        records
    }

    /// The report with the wanted kinds only.
    pub fn selected(&self) -> Report {
        let mut report = self.report.clone();
        report.errors.retain(|error| self.kinds.takes_error(&error.kind));
        if let Some(leaks) = &mut report.leaks {
            leaks.records.retain(|record| self.kinds.takes_leak(&record.kind));
        }
        report
    }

    /// The costs that the report holds.
    pub fn costs(&self) -> Vec<Cost> {
        let mut costs = self.wanted().to_vec();
        costs.retain(|cost| cost.is_in(self.report));
        costs
    }

    /// A sentence for each part that was asked for and is not in the report.
    pub fn missing(&self) -> Vec<&'static str> {
        let missing = self.wanted().iter().filter(|cost| !cost.is_in(self.report));
        let mut sentences: Vec<_> = missing.map(|cost| cost.absence()).collect();
        // Four of the costs come from the same part.
        sentences.sort_unstable();
        sentences.dedup();
        sentences
    }

    fn wanted(&self) -> &[Cost] {
        self.cost.as_ref().map_or(&Cost::ALL, std::slice::from_ref)
    }
}
