//! The call sites that hold the memory, in AddressSanitizer's shape.

use super::Style;
use super::sheet::Sheet;
use crate::fuzz::Holder;
use crate::symbolize::Symbolizer;
use crate::text::Sink;

/// Writes the list; `all` are the bytes and the blocks of the whole heap.
pub fn render(
    holders: &[Holder],
    all: (u64, u64),
    symbols: &mut dyn Symbolizer,
    out: &mut dyn Sink,
    style: &Style,
) {
    let sheet = &mut Sheet::new(symbols, out, style);
    let (bytes, blocks) = (all.0 as usize, all.1 as usize);
    sheet.text("Live Heap Allocations: ").count(bytes).text(" bytes in ").count(blocks);
    sheet.text(" chunks; showing the largest ").count(holders.len()).text(" call sites").end_line();
    for one in holders {
        let percent = (one.bytes * 100).checked_div(all.0).unwrap_or(0);
        sheet.count(one.bytes as usize).text(" byte(s) (").count(percent as usize);
        sheet.text("%) in ").count(one.blocks as usize).text(" allocation(s)").end_line();
        sheet.stack(one.frames, None);
        sheet.end_line();
    }
}
