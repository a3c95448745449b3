//! Leaks and dangling pointers as text.
//!
//! Order: each freed block that is still pointed to, in the shape of an error; then what leaked, by
//! kind; the largest records with their stacks; what changed since the last report; what suppressions
//! hid; what was looked at; a summary of one line. With `dialect=asan` in LeakSanitizer's words, whole.

mod change;
mod coverage;
mod cycle;
mod dangling;
mod hidden;
mod record;
mod sanitizer;
mod totals;

use super::sheet::{Ink, Sheet};
use super::{Dialect, Style, blame};
use crate::leaks::facts::{LeakKind, Record};
use crate::report::LeakFacts;
use crate::symbolize::Symbolizer;
use crate::text::{Sink, decimal};

/// Writes the report; nothing if there is nothing to say.
pub fn render(
    facts: &LeakFacts<'_>,
    symbols: &mut dyn Symbolizer,
    out: &mut dyn Sink,
    style: &Style,
) {
    if !facts.is_worth_telling() {
        return;
    }
    let sheet = &mut Sheet::new(symbols, out, style);
    dangling::write(sheet, facts);
    match style.dialect {
        Dialect::Heapwarden => whole(sheet, facts),
        Dialect::Asan => sanitizer::write(sheet, facts),
    }
}

/// Writes what leaked, without what stands around it in a report.
pub fn render_records(
    facts: &LeakFacts<'_>,
    symbols: &mut dyn Symbolizer,
    out: &mut dyn Sink,
    style: &Style,
) {
    record::write(&mut Sheet::new(symbols, out, style), facts);
}

fn whole(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>) {
    let has_blocks = facts.has_blocks_to_tell();
    if has_blocks {
        totals::write(sheet, facts);
        record::write(sheet, facts);
        change::write(sheet, facts);
    }
    hidden::write(sheet, facts);
    if has_blocks || !facts.check.dangling.is_empty() {
        coverage::write(sheet, facts);
    }
    coverage::complain(sheet, facts);
    if facts.lost().blocks > 0 {
        let is_definite = |record: &&Record| record.kind == LeakKind::Definite;
        if let Some(largest) = facts.check.records.iter().find(is_definite) {
            blame::token((facts.stack)(largest.site), None, sheet);
        }
        summary(sheet, facts);
    }
}

/// `SUMMARY: NAME: 120 byte(s) leaked in 3 allocation(s).`, as LeakSanitizer ends.
fn summary(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>) {
    let (lost, banner) = (facts.lost(), sheet.style.dialect.banner());
    sheet.start(Ink::Error).text("SUMMARY: ").text(banner).text(": ");
    sheet.count(lost.bytes as usize).text(" byte(s) leaked in ");
    sheet.count(lost.blocks as usize).text(" allocation(s).").stop().end_line();
}

/// `1,024 bytes`.
fn amount(sheet: &mut Sheet<'_, '_>, number: u64, unit: &str) {
    sheet.put(decimal(number)).text(" ").text(unit).text(if number == 1 { "" } else { "s" });
}
