//! What a stack costs: the numbers that flame graphs and rankings are made of.

use super::View;
use crate::report_file::{CallSite, Frame, Report};

/// A cost of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Cost {
    /// Bytes that are allocated at the end
    Live,
    /// Bytes that are lost: definite, indirect and possible leaks
    Leaked,
    /// Most bytes that were allocated at one time
    Peak,
    /// Bytes of all allocations
    Allocated,
    /// How many allocations there were
    Allocations,
}

impl Cost {
    /// Every cost, in the order of a report.
    pub const ALL: [Cost; 5] =
        [Cost::Live, Cost::Leaked, Cost::Peak, Cost::Allocated, Cost::Allocations];

    /// What it is called above a list.
    pub fn title(self) -> &'static str {
        match self {
            Cost::Live => "live bytes",
            Cost::Leaked => "leaked bytes",
            Cost::Peak => "peak bytes",
            Cost::Allocated => "allocated bytes",
            Cost::Allocations => "allocations",
        }
    }

    /// Whether it counts bytes.
    pub fn is_bytes(self) -> bool {
        self != Cost::Allocations
    }

    /// Whether a report has the part that it comes from.
    pub fn is_in(self, report: &Report) -> bool {
        match self {
            Cost::Leaked => report.leaks.is_some(),
            _ => report.callsites.is_some(),
        }
    }

    /// Said where it has not.
    pub fn absence(self) -> &'static str {
        match self {
            Cost::Leaked => "nothing is said of leaks: the program ran without a leak check",
            _ => "no call sites: the program ran without counting them",
        }
    }

    fn of_site(self, site: &CallSite) -> u64 {
        match self {
            Cost::Live => site.live_bytes,
            Cost::Peak => site.peak_bytes,
            Cost::Allocated => site.bytes,
            Cost::Allocations => site.allocations,
            Cost::Leaked => 0,
        }
    }

    /// The stacks with this cost, dearest first.
    pub fn stacks<'a>(self, view: &View<'a>) -> Vec<(&'a [Frame], u64)> {
        let mut stacks: Vec<(&[Frame], u64)> = match self {
            Cost::Leaked => {
                let records = view.report.leaks.iter().flat_map(|leaks| &leaks.records);
                let lost = records.filter(|record| view.kinds.counts_as_lost(&record.kind));
                lost.map(|record| (record.stack.as_slice(), record.bytes)).collect()
            }
            _ => {
                let sites = view.report.callsites.iter().flatten();
                sites.map(|site| (site.stack.as_slice(), self.of_site(site))).collect()
            }
        };
        stacks.retain(|(_, cost)| *cost > 0);
        stacks.sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
        stacks
    }
}
