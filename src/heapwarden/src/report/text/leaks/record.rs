//! The records: what was lost, where it was allocated, and the cycles.

use super::totals::name;
use super::{amount, cycle};
use crate::callsite::Stack;
use crate::leaks::Level;
use crate::leaks::facts::{LeakKind, Record, Tally};
use crate::report::LeakFacts;
use crate::report::text::blame;
use crate::report::text::sheet::{Ink, Sheet};
use crate::report::text::stack::Extent;
use crate::text::decimal;

/// How many frames a summary shows of a stack.
const FRAMES_OF_SUMMARY: usize = 6;

pub(super) fn write(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>) {
    let is_full = facts.level == Level::Full;
    let wanted = |record: &&Record| is_full || is_told_in_summary(record.kind);
    let count = facts.check.records.iter().filter(wanted).count();
    let shown = if is_full { count } else { count.min(facts.top) };
    let mut number = 0;
    // What is surely lost comes first; within a kind the order is that of the check, by size.
    for kind in [LeakKind::Definite, LeakKind::Possible, LeakKind::Indirect, LeakKind::Reachable] {
        for record in facts.check.records.iter().filter(wanted).filter(|one| one.kind == kind) {
            number += 1;
            if number <= shown {
                one(sheet, facts, record, (number, count));
            }
        }
    }
    if shown < count {
        amount(sheet, (count - shown) as u64, "more record");
        sheet.text("; leaks=full shows all, with whole stacks").end_line();
        sheet.end_line();
    }
}

/// What a lost block leads to is told with it; what is reachable is no leak.
fn is_told_in_summary(kind: LeakKind) -> bool {
    matches!(kind, LeakKind::Definite | LeakKind::Possible)
}

fn one(
    sheet: &mut Sheet<'_, '_>,
    facts: &LeakFacts<'_>,
    record: &Record,
    (number, count): (usize, usize),
) {
    sheet.start(Ink::History);
    parts(sheet, record, "byte", |tally| tally.bytes);
    sheet.text(" in ");
    parts(sheet, record, "block", |tally| tally.blocks);
    let is_one = record.own.bytes + retained(record).bytes == 1;
    sheet.text(if is_one { " is " } else { " are " }).text(name(record.kind));
    if !record.cycle.is_empty() {
        sheet.text(" in a cycle");
    }
    sheet.text(" (record ").count(number).text(" of ").count(count).text("), allocated");
    if record.thread != u16::MAX {
        sheet.text(" by thread T").count(record.thread.into());
    }
    let stack = (facts.stack)(record.site);
    sheet.text(if stack.is_empty() { ", no stack was kept" } else { " here:" });
    sheet.stop().end_line();
    let extent = extent(sheet, facts.level, stack);
    sheet.part_of_stack(stack, None, extent);
    sheet.end_line();
    cycle::write(sheet, facts, record);
}

/// `120 (56 direct, 64 indirect) bytes`, or `56 bytes`.
fn parts(sheet: &mut Sheet<'_, '_>, record: &Record, unit: &str, of: impl Fn(&Tally) -> u64) {
    let (own, retained) = (of(&record.own), of(&retained(record)));
    if retained == 0 {
        return amount(sheet, own, unit);
    }
    sheet.put(decimal(own + retained)).text(" (").put(decimal(own)).text(" direct, ");
    sheet.put(decimal(retained)).text(" indirect) ").text(unit).text("s");
}

/// What goes with lost blocks; what others retain is no leak, or told with its owner.
fn retained(record: &Record) -> Tally {
    if is_told_in_summary(record.kind) { record.retained } else { Tally::default() }
}

fn extent(sheet: &mut Sheet<'_, '_>, level: Level, stack: Stack<'_>) -> Extent {
    if level == Level::Full {
        return Extent::WHOLE;
    }
    let skip = blame::position(stack, None, sheet.symbols).unwrap_or(0);
    Extent { skip, frames_max: FRAMES_OF_SUMMARY, with_start: false }
}
