//! The summary: one line with the kind and the place that a person would open first.

use super::blame;
use super::page::Page;
use super::sheet::{Ink, Sheet};
use crate::callsite::Stack;
use crate::report::Facts;
use crate::symbolize::Symbolizer;
use crate::text::Writer;

pub(super) fn write(page: &mut Page<'_, '_>) {
    let (style, facts) = (page.style, page.facts);
    blame::token(stack(facts), facts.registers, &mut page.sheet);
    page.start(Ink::Error).text("SUMMARY: ").text(style.dialect.banner()).text(": ");
    page.text(style.dialect.summary(facts.kind));
    let Sheet { symbols, writer, .. } = &mut page.sheet;
    place(facts, *symbols, style.strip_path_prefix, writer);
    page.stop().end_line();
    if style.fatal {
        page.process().text("ABORTING").end_line();
    }
}

/// ` file:line in function` of the frame to blame.
pub fn place(
    facts: &Facts<'_>,
    symbols: &mut dyn Symbolizer,
    strip_path_prefix: &[u8],
    writer: &mut Writer<'_>,
) {
    blame::place(stack(facts), facts.registers, symbols, strip_path_prefix, writer);
}

/// The stack to name a place of: that of the access, or where nobody saw the access that of the
/// damaged block's allocation, for the stack at which damage was found says nothing about it.
fn stack<'a>(facts: &Facts<'a>) -> Stack<'a> {
    let allocated = facts.block.and_then(|block| block.allocated);
    match allocated {
        Some(event) if facts.damage.is_some() && !event.frames.is_empty() => event.frames,
        _ => facts.access_stack.into(),
    }
}
