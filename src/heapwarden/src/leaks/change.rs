//! What is different from one report to the next, by call site.

use super::facts::{Check, Tally};
use crate::mapped::List;
use crate::report::SiteChange;
use core::cmp::Reverse;

/// What was live at a report.
#[derive(Default)]
pub struct Baseline {
    /// By call site, in order.
    sites: List<(u32, Tally)>,
}

impl Baseline {
    /// What is live now, as far as there is memory.
    pub fn of(check: &Check<'_>) -> Baseline {
        let mut all = List::new();
        for record in check.records {
            all.push((record.site, record.own));
        }
        all.as_mut_slice().sort_unstable_by_key(|(site, _)| *site);
        let mut sites: List<(u32, Tally)> = List::new();
        for (site, tally) in all.as_slice() {
            match sites.as_mut_slice().last_mut() {
                Some((last, sum)) if last == site => {
                    sum.bytes += tally.bytes;
                    sum.blocks += tally.blocks;
                }
                _ => {
                    sites.push((*site, *tally));
                }
            }
        }
        Baseline { sites }
    }

    /// What is different now, most bytes first.
    pub fn changes(&self, now: &Baseline) -> List<SiteChange> {
        let mut changes = List::new();
        let (mut old, mut new) = (self.sites.as_slice(), now.sites.as_slice());
        loop {
            let site = match (old.first(), new.first()) {
                (None, None) => break,
                (Some((site, _)), None) | (None, Some((site, _))) => *site,
                (Some((one, _)), Some((other, _))) => *one.min(other),
            };
            let (before, now) = (take(&mut old, site), take(&mut new, site));
            if before != now {
                changes.push(SiteChange { site, before, now });
            }
        }
        let weight = |change: &SiteChange| {
            let bytes = change.now.bytes.abs_diff(change.before.bytes);
            Reverse((bytes, change.now.blocks.abs_diff(change.before.blocks)))
        };
        changes.as_mut_slice().sort_unstable_by_key(|change| (weight(change), change.site));
        changes
    }
}

/// Takes the first entry if it is of that call site.
fn take(sites: &mut &[(u32, Tally)], site: u32) -> Tally {
    match sites.split_first() {
        Some(((first, tally), rest)) if *first == site => {
            *sites = rest;
            *tally
        }
        _ => Tally::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaks::facts::{Coverage, LeakKind, Record};

    fn baseline(sites: &[(u32, u64)]) -> Baseline {
        let record = |(site, bytes): &(u32, u64)| Record {
            kind: LeakKind::Reachable,
            site: *site,
            own: Tally { bytes: *bytes, blocks: 1 },
            retained: Tally::default(),
            example: 0,
            thread: 0,
            cycle: 0..0,
        };
        let records: Vec<Record> = sites.iter().map(record).collect();
        Baseline::of(&Check {
            totals: [Tally::default(); 4],
            records: &records,
            edges: &[],
            dangling: &[],
            coverage: Coverage::default(),
        })
    }

    #[test]
    fn call_sites_come_and_go_and_the_largest_change_is_first() {
        let before = baseline(&[(7, 10), (3, 100), (9, 5), (3, 1)]);
        let now = baseline(&[(3, 100), (3, 1), (7, 500), (4, 20), (7, 1)]);
        let tally = |bytes, blocks| Tally { bytes, blocks };
        let expected = [
            SiteChange { site: 7, before: tally(10, 1), now: tally(501, 2) },
            SiteChange { site: 4, before: tally(0, 0), now: tally(20, 1) },
            SiteChange { site: 9, before: tally(5, 1), now: tally(0, 0) },
        ];
        assert_eq!(before.changes(&now).as_slice(), expected);
        assert!(now.changes(&now).as_slice().is_empty());
    }
}
