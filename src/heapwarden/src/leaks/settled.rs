//! A check of which the suppressed call sites are known. Which ones those are shows only in what was found,
//! and what they lead to is found by another check, with them as roots.

use super::check::{Request, check};
use super::facts::{Check, LeakKind};
use super::suppress::{Patterns, Verdicts};
use crate::mapped::List;
use crate::{report, site};

/// Suppressions that matched, and then others because of what ran in between.
const ROUNDS_MAX: u32 = 4;

/// Checks as often as it takes, and calls `visit` with the last one; false, without a call, when that is
/// not possible.
pub fn check_settled(
    request: &Request<'_>,
    patterns: &Patterns,
    visit: &mut dyn FnMut(&Check<'_>, &Verdicts),
) -> bool {
    let mut verdicts = Verdicts::new();
    let mut suppressed = List::new();
    for round in 1..=ROUNDS_MAX {
        let request = Request { suppressed: suppressed.as_slice(), ..*request };
        let mut settled = true;
        let was_possible = check(&request, &mut |found| {
            if round < ROUNDS_MAX && leaks(found) && patterns.all().next().is_some() {
                let known = verdicts.sites().len();
                report::with_names(&mut |symbols| {
                    verdicts.judge(found, site::frames, patterns, symbols);
                });
                settled = verdicts.sites().len() == known;
            }
            if settled {
                visit(found, &verdicts);
            }
        });
        if settled || !was_possible {
            return was_possible;
        }
        suppressed.clear();
        suppressed.extend(verdicts.sites());
        suppressed.as_mut_slice().sort_unstable();
    }
    true
}

fn leaks(found: &Check<'_>) -> bool {
    found.records.iter().any(|record| record.kind != LeakKind::Reachable)
}
