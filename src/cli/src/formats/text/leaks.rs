//! The leak records: worst kind first, most bytes first.

use super::summary::told;
use super::{cycle, rest};
use crate::formats::View;
use crate::formats::stack;
use crate::report_file::{LeakRecord, Tally};

pub fn write(text: &mut String, view: &View<'_>) {
    let records = view.leaks();
    if records.is_empty() {
        return suppressed(text, view);
    }
    *text += "\nLeaks\n";
    for (position, record) in records.iter().take(view.top).enumerate() {
        *text += &format!("\n{}. {}\n", position + 1, leak_sentence(record));
        stack::write(text, "     ", &record.stack);
        cycle::write(text, &record.edges);
    }
    rest(text, records.len(), view.top);
    suppressed(text, view);
}

/// A suppression that hides more than it was meant to shows here.
fn suppressed(text: &mut String, view: &View<'_>) {
    let hidden: Vec<_> = view.report.leaks.iter().flat_map(|leaks| &leaks.suppressed).collect();
    if hidden.is_empty() || !view.kinds.has_leaks() {
        return;
    }
    *text += "\nSuppressed leaks\n";
    for one in hidden.iter().take(view.top) {
        let tally = Tally { bytes: one.bytes, blocks: one.blocks };
        *text += &format!("  leak:{} hides {}\n", one.template, told(tally));
    }
    rest(text, hidden.len(), view.top);
}

/// `definite leak: 640 bytes in 10 blocks, and 64 bytes in 1 block that only they lead to`.
pub fn leak_sentence(record: &LeakRecord) -> String {
    let (own, retained) = (record.own(), record.retained());
    let mut text = match record.kind.as_str() {
        "reachable" => format!("still reachable: {}", told(own)),
        kind => format!("{kind} leak: {}", told(own)),
    };
    if record.cycle {
        text += ", in a cycle";
    }
    if retained != Tally::default() {
        text += &format!(", and {} that only they lead to", told(retained));
    }
    text
}
