//! A report as text, in the line shapes of AddressSanitizer; or as one line (`report=line`).
//!
//! Order: kind and address; access and its stack; where the address lies; what was overwritten;
//! where the block was freed; where it was allocated; the neighbour; a summary of one line. A
//! stack always ends with an empty line and holds nothing but frames: tools split there.
//! Every address in a stack is inside the call instruction (return address less one), so that
//! tools which explain it again find the right line.

mod blame;
mod damage;
mod header;
mod holders;
mod leaks;
mod line;
mod page;
mod place;
mod sheet;
mod stack;
mod summary;

use super::dialect::{Detail, Dialect};
use super::facts::Facts;
use crate::callsite::Stack;
use crate::symbolize::Symbolizer;
use crate::text::Sink;
use page::Page;
use sheet::Sheet;

pub(crate) use stack::{Door, lookup_address};

pub use blame::is_plumbing;
pub(crate) use holders::render as render_holders;
pub use leaks::{render as render_leaks, render_records as render_leak_records};
pub use stack::starts_rust_runtime;
pub use summary::place as summary_place;

/// How a report is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// How much is said.
    pub detail: Detail,
    /// Whose words.
    pub dialect: Dialect,
    /// Whether escape sequences for colour are used.
    pub colour: bool,
    /// The process that reports.
    pub process: u32,
    /// Whether the process ends with this report.
    pub fatal: bool,
    /// What is left out at the start of file names.
    pub strip_path_prefix: &'static [u8],
    /// How many functions tell this bug from others, in a line of its own; 0 for no such line.
    pub dedup_token_length: u32,
}

/// Writes the report of `facts`.
pub fn render(facts: &Facts<'_>, symbols: &mut dyn Symbolizer, out: &mut dyn Sink, style: &Style) {
    let mut page = Page { facts, sheet: Sheet::new(symbols, out, style) };
    if style.detail == Detail::Line {
        return line::write(&mut page);
    }
    header::write(&mut page);
    place::write(&mut page);
    damage::write(&mut page);
    history(&mut page);
    neighbour(&mut page);
    summary::write(&mut page);
}

/// Writes a stack, and the empty line behind it.
pub(crate) fn render_stack(
    frames: Stack<'_>,
    symbols: &mut dyn Symbolizer,
    out: &mut dyn Sink,
    style: &Style,
) {
    let sheet = &mut Sheet::new(symbols, out, style);
    sheet.stack(frames, None);
    sheet.end_line();
}

/// Where the block was freed, and where it was allocated.
fn history(page: &mut Page<'_, '_>) {
    let Some(block) = page.facts.block else {
        page.end_line();
        return;
    };
    if let Some(freed) = block.freed {
        page.event("freed", &freed);
    }
    if let Some(allocated) = block.allocated {
        let what = if block.freed.is_some() { "previously allocated" } else { "allocated" };
        page.event(what, &allocated);
    }
    if block.freed.is_none() && block.allocated.is_none() {
        page.end_line();
    }
}

/// The block beside it, and its history.
fn neighbour(page: &mut Page<'_, '_>) {
    let Some(block) = page.facts.neighbour else { return };
    let is_beside_one = page.facts.block.is_some();
    page.text(if is_beside_one {
        "The likely culprit is the neighbour: "
    } else {
        "A register still points into this block: "
    });
    page.region(&block).text(match block.state {
        super::BlockState::Live => ", live",
        super::BlockState::Freed => ", freed",
    });
    page.distance_between(&block);
    page.end_line();
    if let Some(freed) = block.freed {
        page.event("freed", &freed);
    }
    match block.allocated {
        Some(allocated) => page.event("allocated", &allocated),
        None => page.end_line(),
    }
}
