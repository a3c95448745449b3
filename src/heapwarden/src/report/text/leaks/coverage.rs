//! What was looked at, and what could not be.

use super::amount;
use crate::report::LeakFacts;
use crate::report::text::sheet::Sheet;
use crate::text::{Piece, bytes, decimal};

/// One line of figures.
pub(super) fn write(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>) {
    let coverage = &facts.check.coverage;
    if coverage.no_memory {
        return;
    }
    sheet.text("Checked: ").put(bytes(coverage.root_bytes)).text(" of roots and ");
    sheet.put(bytes(coverage.block_bytes)).text(" of blocks in ");
    sheet.put(duration(coverage.elapsed_nanoseconds));
    if coverage.threads_stopped > 1 {
        sheet.text("; ");
        amount(sheet, coverage.threads_stopped.into(), "thread");
        sheet.text(" stood still for ").put(duration(coverage.pause_nanoseconds));
    }
    sheet.end_line();
}

/// Whatever makes the answer less sure.
pub(super) fn complain(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>) {
    let coverage = &facts.check.coverage;
    if coverage.no_memory {
        sheet.process().text("Heapwarden: no memory for a leak check, nothing is known of leaks");
        sheet.end_line();
    }
    if coverage.threads_missed > 0 {
        amount(sheet, coverage.threads_missed.into(), "thread");
        sheet.text(" could not be stopped: registers were not read, stacks while they changed; ");
        sheet.text("what only these hold may be told as lost").end_line();
    }
    if coverage.mappings_missed {
        sheet.text("What the program mapped by itself could not be read; ");
        sheet.text("what is known only there may be told as lost").end_line();
    }
}

/// `1.5 ms`.
fn duration(nanoseconds: u64) -> Piece {
    const UNITS: [(u64, &[u8]); 3] = [(1_000_000_000, b" s"), (1_000_000, b" ms"), (1000, b" us")];
    let unit = UNITS.iter().find(|(scale, _)| nanoseconds >= *scale);
    let (scale, name) = unit.copied().unwrap_or((1000, b" us"));
    let tenths = nanoseconds / (scale / 10);
    let mut piece = decimal(tenths / 10);
    piece.push(b'.');
    piece.append(decimal(tenths % 10).as_bytes());
    piece.append(name);
    piece
}
