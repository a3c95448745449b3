//! A check and its report, with all that stands around them: who wants it, what is suppressed, what
//! changed since the last one.

use super::change::Baseline;
use super::check::{Request, check};
use super::facts::{Check, Tally};
use super::settled::check_settled;
use super::suppress::{Patterns, Verdicts};
use super::turn::{self, State};
use super::{Level, program};
use crate::mapped::List;
use crate::options::Options;
use crate::report::{self, Hidden, LeakFacts};
use crate::{checked, site};

/// Who wants to know, and is told how much.
#[derive(Clone, Copy)]
pub enum Occasion<'a> {
    /// Something is said only if there is something to say.
    Quiet(&'static str),
    /// There is an answer in any case, with what changed since the last one. In a signal handler:
    /// the frame that it interrupted.
    Asked(&'static str, Option<&'a libc::ucontext_t>),
}

/// What a report was about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What leaked.
    pub lost: Tally,
    /// Pointers into freed blocks.
    pub dangling: usize,
}

/// How long to wait for another thread's report.
const WAIT_MS_MAX: u32 = 10_000;

/// Checks and reports. `None` if nothing is known: no stacks are kept, the program does not want
/// it, or this thread is in a report already. The caller holds no lock of the heap.
#[inline(never)]
pub fn report(occasion: Occasion<'_>) -> Option<Outcome> {
    if !is_possible() || program::is_turned_off() {
        return None;
    }
    let interrupted = match occasion {
        Occasion::Asked(_, interrupted) => interrupted,
        Occasion::Quiet(_) => None,
    };
    // In a handler this thread cannot be stopped, so the report that it would wait for waits for it.
    let mut turn = turn::take(if interrupted.is_some() { 0 } else { WAIT_MS_MAX })?;
    let options = crate::start::options();
    let State { patterns, baseline } = turn.state();
    let patterns = patterns.get_or_insert_with(|| load(&options));
    let request = Request { dangling: options.dangling, interrupted, ..Request::default() };
    let mut outcome = None;
    check_settled(&request, patterns, &mut |found, verdicts| {
        outcome = Some(tell(occasion, &options, found, verdicts, patterns, baseline));
    });
    outcome
}

/// Checks and reports, as LeakSanitizer does when a program asks for it: whether there are leaks, by
/// its notion of them. Never with `leaks=off`.
#[inline(never)]
pub fn are_there(found_by: &'static str) -> bool {
    let wanted = crate::start::options().leaks != Level::Off;
    let found = if wanted { report(Occasion::Quiet(found_by)) } else { None };
    found.is_some_and(|found| found.lost.blocks > 0)
}

/// Whether it is known where blocks come from.
pub fn is_possible() -> bool {
    let settings = checked::settings();
    settings.active && settings.evidence && settings.stack_depth > 0
}

/// Checks for the caller, who says what of it: calls `visit` with what was found, without what is
/// suppressed.
#[inline(never)]
pub fn ask(request: &Request<'_>, visit: &mut dyn FnMut(&Check<'_>)) {
    let options = crate::start::options();
    if options.suppressions.as_bytes().is_empty() && program::default_suppressions().is_empty() {
        check(request, visit);
        return;
    }
    let mut is_loss = false;
    check(request, &mut |found| is_loss = found.lost().blocks > 0);
    // The patterns are needed only now: who loses nothing waits for nobody.
    if is_loss && let Some(mut turn) = turn::take(WAIT_MS_MAX) {
        let patterns = turn.state().patterns.get_or_insert_with(|| load(&options));
        check_settled(request, patterns, &mut |found, _| visit(found));
    }
}

fn load(options: &Options) -> Patterns {
    let mut patterns = Patterns::new();
    let file = options.suppressions.as_bytes();
    if !file.is_empty() {
        patterns.read(file);
    }
    patterns.add(program::default_suppressions());
    patterns
}

fn tell(
    occasion: Occasion<'_>,
    options: &Options,
    check: &Check<'_>,
    verdicts: &Verdicts,
    patterns: &Patterns,
    baseline: &mut Option<Baseline>,
) -> Outcome {
    let mut hidden = List::<Hidden<'_>>::new();
    if options.print_suppressions {
        verdicts.hidden(patterns).for_each(|one| {
            hidden.push(one);
        });
    }
    let (found_by, asked) = match occasion {
        Occasion::Quiet(found_by) => (found_by, false),
        Occasion::Asked(found_by, _) => (found_by, true),
    };
    let now = asked.then(|| Baseline::of(check));
    let changes = now.as_ref().zip(baseline.as_ref()).map(|(now, before)| before.changes(now));
    let facts = LeakFacts {
        check,
        stack: site::frames,
        hidden: hidden.as_slice(),
        change: changes.as_ref().map(List::as_slice),
        found_by,
        level: if options.leaks == Level::Full { Level::Full } else { Level::Summary },
        top: options.top as usize,
        asked,
    };
    report::deliver_leaks(&facts);
    let outcome = Outcome { lost: facts.lost(), dangling: check.dangling.len() };
    if let Some(now) = now {
        *baseline = Some(now);
    }
    outcome
}
