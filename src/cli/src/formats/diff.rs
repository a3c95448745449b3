//! Two runs compared by stack: what is new, what is gone, what has grown or shrunk.
//!
//! Stacks are the same here if their names are: lines and offsets move between two builds.

use super::text::{bytes, change, grouped, harmless};
use super::{Cost, View, stack};
use crate::report_file::{Frame, rough};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A stack, before and after.
struct Change<'a> {
    old: u64,
    new: u64,
    stack: &'a [Frame],
    /// The kind of error or leak.
    label: String,
}

impl Change<'_> {
    fn word(&self) -> &'static str {
        match (self.old, self.new) {
            (0, _) => "new",
            (_, 0) => "gone",
            (old, new) if new > old => "grown",
            _ => "less",
        }
    }
}

/// What has changed, as text.
pub fn render(old: &View<'_>, new: &View<'_>) -> String {
    let mut text = String::new();
    if new.kinds.has_errors() {
        section(&mut text, "Errors", new.top, grouped, changes(errors(old), errors(new)));
    }
    if new.kinds.has_leaks() && both_have(old, new, Cost::Leaked, &mut text) {
        section(&mut text, "Leaks", new.top, bytes, changes(leaks(old), leaks(new)));
    }
    let cost = new.cost.unwrap_or(Cost::Live);
    // Leaks were told above.
    if cost != Cost::Leaked && new.kinds.is_all() && both_have(old, new, cost, &mut text) {
        let title = format!("Call sites by {}", cost.title());
        let write = if cost.is_bytes() { bytes } else { grouped };
        let sites =
            |view| cost.stacks(view).into_iter().map(|(s, value)| (String::new(), s, value));
        section(&mut text, &title, new.top, write, changes(sites(old), sites(new)));
    }
    harmless(&text)
}

/// Whether both reports have a part; says so if only one has.
fn both_have(old: &View<'_>, new: &View<'_>, cost: Cost, text: &mut String) -> bool {
    let (before, after) = (cost.is_in(old.report), cost.is_in(new.report));
    if before != after {
        let which = if before { "new" } else { "old" };
        *text +=
            &format!("not compared, {}: of the {which} run, {}\n\n", cost.title(), cost.absence());
    }
    before && after
}

fn errors<'a>(view: &View<'a>) -> impl Iterator<Item = (String, &'a [Frame], u64)> {
    let errors = view.errors().into_iter();
    errors.map(|error| (error.kind.clone(), stack::of_error(error), error.count))
}

fn leaks<'a>(view: &View<'a>) -> impl Iterator<Item = (String, &'a [Frame], u64)> {
    view.leaks().into_iter().map(|leak| (leak.kind.clone(), leak.stack.as_slice(), leak.bytes))
}

/// Those that differ; the largest growth first.
fn changes<'a>(
    old: impl Iterator<Item = (String, &'a [Frame], u64)>,
    new: impl Iterator<Item = (String, &'a [Frame], u64)>,
) -> Vec<Change<'a>> {
    let mut all: BTreeMap<(String, String), Change<'a>> = BTreeMap::new();
    let both = old.map(|item| (item, true)).chain(new.map(|item| (item, false)));
    for ((label, stack, value), is_old) in both {
        let key = (label.clone(), rough(stack));
        let change = all.entry(key).or_insert(Change { old: 0, new: 0, stack, label });
        let side = if is_old { &mut change.old } else { &mut change.new };
        *side = side.saturating_add(value);
        // Lines are those of the newer run, which is the source that lies on the desk.
        if !is_old {
            change.stack = stack;
        }
    }
    let mut changes: Vec<_> = all.into_values().filter(|change| change.old != change.new).collect();
    changes.sort_by_key(|change| Reverse(i128::from(change.new) - i128::from(change.old)));
    changes
}

fn section(
    text: &mut String,
    title: &str,
    top: usize,
    write: fn(u64) -> String,
    changes: Vec<Change<'_>>,
) {
    if changes.is_empty() {
        *text += &format!("{title}: no difference\n\n");
        return;
    }
    let count = |word| changes.iter().filter(|change| change.word() == word).count();
    let counts = ["new", "gone", "grown", "less"].map(|word| (count(word), word));
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    *text += &format!("{title}: {}\n", counts.join(", "));
    for change in changes.iter().take(top) {
        let label = if change.label.is_empty() { "" } else { " " };
        *text += &format!(
            "\n  {:5} {}{label}{}: {} -> {}\n",
            change.word(),
            self::change(change.old, change.new, write),
            change.label,
            write(change.old),
            write(change.new)
        );
        stack::write(text, "     ", change.stack);
    }
    if changes.len() > top {
        *text += &format!("\n  and {} more (--top 0 shows all)\n", changes.len() - top);
    }
    *text += "\n";
}
