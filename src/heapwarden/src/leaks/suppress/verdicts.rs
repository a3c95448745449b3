//! What the patterns say of the call sites of a check.

use super::pattern::matches;
use super::source::Patterns;
use crate::callsite::Stack;
use crate::leaks::facts::{Check, LeakKind, Tally};
use crate::mapped::List;
use crate::report::Hidden;
use crate::symbolize::{Frame, Symbolizer};

/// The call sites that are suppressed, and what that hid.
#[derive(Default)]
pub struct Verdicts {
    sites: List<u32>,
    /// For each pattern that matched, by its number.
    hidden: List<(usize, Tally)>,
}

impl Verdicts {
    /// Nothing is suppressed.
    pub const fn new() -> Verdicts {
        Verdicts { sites: List::new(), hidden: List::new() }
    }

    /// The suppressed call sites.
    pub fn sites(&self) -> &[u32] {
        self.sites.as_slice()
    }

    /// Looks at all that leaked.
    pub fn judge(
        &mut self,
        check: &Check<'_>,
        stack: fn(u32) -> Stack<'static>,
        patterns: &Patterns,
        symbols: &mut dyn Symbolizer,
    ) {
        for record in check.records.iter().filter(|record| record.kind != LeakKind::Reachable) {
            if self.sites().contains(&record.site) {
                continue;
            }
            if let Some(pattern) = judge_stack(stack(record.site), patterns, symbols) {
                self.hide(check, record.site, pattern);
            }
        }
    }

    /// What was hidden, by pattern.
    pub fn hidden<'a>(&'a self, patterns: &'a Patterns) -> impl Iterator<Item = Hidden<'a>> {
        self.hidden.as_slice().iter().filter_map(|(number, tally)| {
            let template = patterns.all().nth(*number)?;
            Some(Hidden { template, tally: *tally })
        })
    }

    /// Everything that leaked from that call site.
    fn hide(&mut self, check: &Check<'_>, site: u32, pattern: usize) {
        if !self.sites.push(site) {
            return;
        }
        let leaked =
            check.records.iter().filter(|one| one.site == site && one.kind != LeakKind::Reachable);
        let known = self.hidden.as_slice().iter().position(|(number, _)| *number == pattern);
        let position = known.unwrap_or(self.hidden.as_slice().len());
        if known.is_none() && !self.hidden.push((pattern, Tally::default())) {
            return;
        }
        if let Some((_, tally)) = self.hidden.as_mut_slice().get_mut(position) {
            for record in leaked {
                tally.bytes += record.own.bytes;
                tally.blocks += record.own.blocks;
            }
        }
    }
}

/// The number of the first pattern that matches a stack.
fn judge_stack(
    stack: Stack<'_>,
    patterns: &Patterns,
    symbols: &mut dyn Symbolizer,
) -> Option<usize> {
    let mut found = None;
    for address in stack.iter() {
        // Inside of the call, not behind it.
        symbols.frames(address.saturating_sub(1), &mut |frame| {
            found = found.or_else(|| patterns.all().position(|pattern| names(frame, pattern)));
        });
        if found.is_some() {
            break;
        }
    }
    found
}

fn names(frame: &Frame<'_>, pattern: &[u8]) -> bool {
    let names = [frame.module, frame.function.map(str::as_bytes), frame.file.map(str::as_bytes)];
    names.into_iter().flatten().any(|name| matches(pattern, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaks::facts::{Coverage, Record};
    use crate::symbolize::{Module, Variable};

    /// `f1` in `/lib/one.so` at address 1, and so on.
    struct Names;

    impl Symbolizer for Names {
        fn frames(&mut self, address: usize, visit: &mut dyn FnMut(&Frame<'_>)) {
            let function = format!("f{address}");
            visit(&Frame {
                function: Some(&function),
                file: Some("/src/all.c"),
                module: Some(if address == 1 { b"/lib/one.so" } else { b"/bin/other" }),
                ..Frame::default()
            });
        }

        fn variable(&mut self, _: usize, _: &mut dyn FnMut(&Variable<'_>)) {}

        fn modules(&mut self, _: &mut dyn FnMut(&Module<'_>)) {}
    }

    /// Call site 10 was called from 1 and 2, 20 from 2 and 3, 30 from 4.
    fn stack(site: u32) -> Stack<'static> {
        Stack::Frames(match site {
            10 => &[2, 3],
            20 => &[3, 4],
            30 => &[5],
            _ => &[],
        })
    }

    fn judged(text: &str) -> (Vec<u32>, Vec<(String, u64, u64)>) {
        let record = |kind, site, bytes| Record {
            kind,
            site,
            own: Tally { bytes, blocks: 1 },
            retained: Tally::default(),
            example: 0,
            thread: 0,
            cycle: 0..0,
        };
        let records = [
            record(LeakKind::Definite, 20, 200),
            record(LeakKind::Reachable, 20, 5000),
            record(LeakKind::Indirect, 10, 100),
            record(LeakKind::Possible, 20, 7),
            record(LeakKind::Definite, 0, 1),
            record(LeakKind::Reachable, 30, 300),
        ];
        let check = Check {
            totals: [Tally::default(); 4],
            records: &records,
            edges: &[],
            dangling: &[],
            coverage: Coverage::default(),
        };
        let (mut patterns, mut verdicts) = (Patterns::new(), Verdicts::new());
        patterns.add(text.as_bytes());
        verdicts.judge(&check, stack, &patterns, &mut Names);
        let count = verdicts.sites().len();
        verdicts.judge(&check, stack, &patterns, &mut Names);
        assert_eq!(verdicts.sites().len(), count, "nothing new");
        let hidden = verdicts.hidden(&patterns).map(|hidden| {
            let template = String::from_utf8_lossy(hidden.template).into_owned();
            (template, hidden.tally.bytes, hidden.tally.blocks)
        });
        (verdicts.sites().to_vec(), hidden.collect())
    }

    #[test]
    fn module_function_and_file_of_any_frame_count() {
        assert_eq!(judged("leak:one.so"), (vec![10], vec![("one.so".into(), 100, 1)]));
        assert_eq!(judged("leak:^f3$"), (vec![20], vec![("^f3$".into(), 207, 2)]));
        let both = ("all.c".into(), 307, 3);
        assert_eq!(judged("leak:all.c"), (vec![20, 10], vec![both]));
    }

    #[test]
    fn the_first_pattern_that_matches_the_innermost_frame_gets_the_count() {
        let (sites, hidden) = judged("leak:nothing\nleak:^f2$\n# \nleak:f\n");
        assert_eq!(sites, [20, 10]);
        assert_eq!(hidden, [("^f2$".into(), 207, 2), ("f".into(), 100, 1)]);
    }

    #[test]
    fn what_is_reachable_or_unknown_is_not_looked_at() {
        assert_eq!(judged("leak:f4"), (vec![], vec![]));
        assert_eq!(judged(""), (vec![], vec![]));
    }
}
