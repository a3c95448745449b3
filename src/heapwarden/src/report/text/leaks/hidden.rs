//! What suppressions hid, as the table that LeakSanitizer prints.

use crate::report::LeakFacts;
use crate::report::text::sheet::Sheet;
use crate::text::number;

const RULE: &str = "-----------------------------------------------------";

pub(super) fn write(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>) {
    if facts.hidden.is_empty() {
        return;
    }
    sheet.text(RULE).end_line();
    sheet.text("Suppressions used:").end_line();
    sheet.text("  count      bytes template").end_line();
    for hidden in facts.hidden {
        right(sheet, hidden.tally.blocks, 7);
        right(sheet, hidden.tally.bytes, 11);
        sheet.text(" ").raw(hidden.template).end_line();
    }
    sheet.text(RULE).end_line();
    sheet.end_line();
}

/// A number at the right edge of a column.
fn right(sheet: &mut Sheet<'_, '_>, value: u64, width: usize) {
    let digits = number(value);
    (digits.length()..width).for_each(|_| {
        sheet.text(" ");
    });
    sheet.put(digits);
}
