//! A cycle: `block A +16 -> block B +0 -> A`, and where its blocks were allocated.

use super::amount;
use crate::leaks::facts::{Edge, Record};
use crate::report::LeakFacts;
use crate::report::text::blame;
use crate::report::text::sheet::Sheet;

/// Edges that are shown of a large one.
const EDGES_MAX: usize = 16;

pub(super) fn write(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>, record: &Record) {
    let edges = facts.check.edges.get(record.cycle.clone()).unwrap_or(&[]);
    let shown = edges.get(..EDGES_MAX).unwrap_or(edges);
    if shown.is_empty() {
        return;
    }
    let mut blocks = Blocks::new();
    sheet.text("The cycle: ");
    for (position, edge) in shown.iter().enumerate() {
        let goes_on = position > 0 && shown[position - 1].to == edge.from;
        if !goes_on {
            sheet.text(if position > 0 { ", " } else { "" });
            blocks.name(sheet, edge.from, edge.from_site);
        }
        sheet.text(" +").count(edge.offset).text(" -> ");
        blocks.name(sheet, edge.to, site_of(edges, edge.to));
        if edge.to_offset > 0 {
            sheet.text(" (").count(edge.to_offset).text(" into it)");
        }
    }
    if shown.len() < edges.len() {
        sheet.text(", and ");
        amount(sheet, (edges.len() - shown.len()) as u64, "more pointer");
    }
    sheet.end_line();
    blocks.explain(sheet, facts);
    sheet.end_line();
}

/// Each block of a cycle has an edge that starts there.
fn site_of(edges: &[Edge], block: usize) -> u32 {
    edges.iter().find(|edge| edge.from == block).map_or(0, |edge| edge.from_site)
}

/// The blocks that were named, with their call sites.
struct Blocks {
    known: [(usize, u32); 2 * EDGES_MAX],
    count: usize,
}

impl Blocks {
    fn new() -> Blocks {
        Blocks { known: [(0, 0); 2 * EDGES_MAX], count: 0 }
    }

    /// `block A` at the first time, then `A`.
    fn name(&mut self, sheet: &mut Sheet<'_, '_>, address: usize, site: u32) {
        let known = &self.known[..self.count];
        let position = known.iter().position(|(other, _)| *other == address).unwrap_or_else(|| {
            if let Some(place) = self.known.get_mut(self.count) {
                *place = (address, site);
                self.count += 1;
            }
            sheet.text("block ");
            self.count - 1
        });
        letters(sheet, position);
    }

    fn explain(&self, sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>) {
        for (position, (address, site)) in self.known[..self.count].iter().enumerate() {
            sheet.text("    ");
            letters(sheet, position);
            sheet.text(" is ").address(*address);
            let stack = (facts.stack)(*site);
            if !stack.is_empty() {
                sheet.text(", allocated at");
                let Sheet { symbols, writer, style } = sheet;
                blame::place(stack, None, *symbols, style.strip_path_prefix, writer);
            }
            sheet.end_line();
        }
    }
}

/// `A` to `Z`, then `A1`.
fn letters(sheet: &mut Sheet<'_, '_>, position: usize) {
    const LETTERS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    sheet.raw(&[LETTERS[position % 26]]);
    if position >= 26 {
        sheet.count(position / 26);
    }
}
