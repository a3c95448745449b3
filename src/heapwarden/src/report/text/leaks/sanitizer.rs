//! LeakSanitizer's words: all records that it would have, with whole stacks.
//!
//! It takes pointers into the middle of a block for what they are mostly, so what is only possibly
//! lost is not told here; and it says `Indirect` of every block that a lost one leads to.

use super::{change, coverage, hidden, totals};
use crate::leaks::facts::{LeakKind, Record, Tally};
use crate::report::LeakFacts;
use crate::report::text::blame;
use crate::report::text::sheet::{Ink, Sheet};

pub(super) fn write(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>) {
    let Tally { bytes, blocks } = facts.lost();
    if blocks > 0 {
        sheet.end_line();
        sheet.rule();
        sheet.start(Ink::Error).process().text("ERROR: LeakSanitizer: detected memory leaks");
        sheet.stop().end_line();
        sheet.end_line();
        for (kind, word) in [(LeakKind::Definite, "Direct"), (LeakKind::Indirect, "Indirect")] {
            for record in facts.check.records.iter().filter(|record| record.kind == kind) {
                one(sheet, facts, record, word);
            }
        }
    } else if facts.asked {
        totals::write(sheet, facts);
    }
    change::write(sheet, facts);
    hidden::write(sheet, facts);
    coverage::complain(sheet, facts);
    if blocks > 0 {
        let banner = sheet.style.dialect.banner();
        sheet.start(Ink::Error).text("SUMMARY: ").text(banner).text(": ").count(bytes as usize);
        sheet.text(" byte(s) leaked in ").count(blocks as usize).text(" allocation(s).");
        sheet.stop().end_line();
    }
}

fn one(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>, record: &Record, word: &str) {
    let Tally { bytes, blocks } = record.own;
    let stack = (facts.stack)(record.site);
    sheet.start(Ink::Access).text(word).text(" leak of ").count(bytes as usize);
    sheet.text(" byte(s) in ").count(blocks as usize).text(" object(s) allocated from:");
    sheet.stop().end_line();
    sheet.stack(stack, None);
    sheet.end_line();
    blame::token(stack, None, sheet);
}
