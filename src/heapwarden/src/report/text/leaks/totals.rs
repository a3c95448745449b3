//! The first lines: how much leaked, by kind.

use super::amount;
use crate::leaks::facts::LeakKind;
use crate::report::LeakFacts;
use crate::report::text::sheet::{Ink, Sheet};
use crate::text::decimal;

pub(super) fn write(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>) {
    let lost = facts.lost();
    if lost.blocks == 0 {
        sheet.process().text("Heapwarden: no leaks seen by ").text(facts.found_by);
    } else {
        sheet.rule();
        sheet.start(Ink::Error).process().text("ERROR: Heapwarden: ");
        amount(sheet, lost.bytes, "byte");
        sheet.text(" in ");
        amount(sheet, lost.blocks, "block");
        sheet.text(" leaked").stop().text(", found by ").text(facts.found_by);
    }
    sheet.end_line();
    for kind in LeakKind::ALL {
        let total = facts.total(kind);
        if total.blocks == 0 {
            continue;
        }
        sheet.writer.left("", 4).left(name(kind), 20).cell(decimal(total.bytes).as_bytes());
        sheet.text(" bytes in").writer.cell(decimal(total.blocks).as_bytes());
        sheet.text(" blocks   ").text(meaning(kind)).end_line();
    }
    sheet.end_line();
}

/// As Memcheck says it.
pub(super) fn name(kind: LeakKind) -> &'static str {
    match kind {
        LeakKind::Definite => "definitely lost",
        LeakKind::Indirect => "indirectly lost",
        LeakKind::Possible => "possibly lost",
        LeakKind::Reachable => "still reachable",
    }
}

fn meaning(kind: LeakKind) -> &'static str {
    match kind {
        LeakKind::Definite => "nothing points to them",
        LeakKind::Indirect => "only lost blocks point to them",
        LeakKind::Possible => "only pointers into their middle lead to them",
        LeakKind::Reachable => "the program can still free them",
    }
}
