//! What was overwritten: rows of hex and text, with changed bytes in brackets: `[41 42]`.
//!
//! An unchanged byte of a canary is shown as two dots: it tells nothing, and it is a secret.

use super::page::Page;
use super::sheet::Ink;
use crate::report::{Damage, Expected};
use crate::text::hexadecimal;

const ROW_BYTES: usize = 16;
/// Rows that are shown of a large damage.
const ROWS_MAX: usize = 16;

pub(super) fn write(page: &mut Page<'_, '_>) {
    let Some(damage) = page.facts.damage else { return };
    let Some(block) = page.facts.block else { return };
    let first = (0..damage.bytes.len()).find(|index| damage.is_changed(*index)).unwrap_or(0);
    page.text("Damage: ").count(damage.changed);
    page.text(if damage.changed == 1 { " byte changed, " } else { " bytes changed, the first " });
    place(page, damage.offset + first as isize, block.size);
    match damage.expected {
        Expected::Fill(fill) => {
            page.text("; freed memory was filled with ").put(hexadecimal(fill.into()));
        }
        Expected::Canary(_) => {
            page.text("; .. is an unchanged byte of the canary");
        }
    }
    page.end_line();
    dump(page, &damage, block.address.wrapping_add_signed(damage.offset));
}

/// `at offset 24 (0 bytes after the end)`.
fn place(page: &mut Page<'_, '_>, offset: isize, size: usize) {
    page.text("at offset ").text(if offset < 0 { "-" } else { "" }).count(offset.unsigned_abs());
    if offset < 0 {
        page.text(" (before the start)");
    } else if let Some(distance) = offset.unsigned_abs().checked_sub(size) {
        page.text(" (").count(distance).text(" bytes after the end)");
    }
}

/// Rows start at multiples of 16, as in every other dump of memory. Rows without a changed byte are
/// left out.
fn dump(page: &mut Page<'_, '_>, damage: &Damage<'_>, start: usize) {
    let lead = start % ROW_BYTES;
    let (mut shown, mut skipped) = (0, false);
    for row in 0..(lead + damage.bytes.len()).div_ceil(ROW_BYTES) {
        // Cell `c` of the row holds byte `row * 16 + c - lead`, if there is one.
        let byte_at = |cell: usize| {
            (row * ROW_BYTES + cell).checked_sub(lead).filter(|index| *index < damage.bytes.len())
        };
        let changed = |cell: usize| byte_at(cell).is_some_and(|index| damage.is_changed(index));
        if !(0..ROW_BYTES).any(changed) {
            skipped = shown > 0;
            continue;
        }
        if skipped || shown == ROWS_MAX {
            page.text("  ...").end_line();
            skipped = false;
        }
        if shown == ROWS_MAX {
            return;
        }
        shown += 1;
        page.text("  ").address((start - lead).wrapping_add(row * ROW_BYTES)).text(":");
        hex_cells(page, damage, &byte_at);
        text_cells(page, damage, &byte_at);
    }
}

fn hex_cells(
    page: &mut Page<'_, '_>,
    damage: &Damage<'_>,
    byte_at: &dyn Fn(usize) -> Option<usize>,
) {
    let mut before = false;
    for cell in 0..ROW_BYTES {
        let index = byte_at(cell);
        let changed = index.is_some_and(|index| damage.is_changed(index));
        // One column between two bytes: it opens a bracket, closes one, or is blank.
        page.text(match (before, changed) {
            (false, true) => "[",
            (true, false) => "]",
            _ => " ",
        });
        before = changed;
        match index.and_then(|index| damage.bytes.get(index)) {
            None => page.text("  "),
            Some(byte) if changed => page.start(Ink::Changed).raw(&hex(*byte)).stop(),
            Some(byte) if shows(damage) => page.raw(&hex(*byte)),
            Some(_) => page.text(".."),
        };
    }
    page.text(if before { "]" } else { " " });
}

fn text_cells(
    page: &mut Page<'_, '_>,
    damage: &Damage<'_>,
    byte_at: &dyn Fn(usize) -> Option<usize>,
) {
    page.text(" |");
    for index in (0..ROW_BYTES).map(byte_at) {
        let byte = index.and_then(|index| damage.bytes.get(index)).copied();
        let visible = index.is_some_and(|index| damage.is_changed(index) || shows(damage));
        page.raw(&[match byte {
            None => b' ',
            Some(byte) if visible && (b' '..=b'~').contains(&byte) => byte,
            Some(_) => b'.',
        }]);
    }
    page.text("|").end_line();
}

/// Whether bytes that are as they should be may be shown.
fn shows(damage: &Damage<'_>) -> bool {
    matches!(damage.expected, Expected::Fill(_))
}

fn hex(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}
