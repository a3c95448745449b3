//! A report as one line: kind, address, what was done and by which function, and where that is in
//! which block. For programs in production, whose log is no place for a page, and for profiles that
//! keep no stacks. Needs no names, so no debug information is read for it.

use super::page::Page;
use super::sheet::Ink;
use super::{header, place};
use crate::report::{BlockState, Mismatch};

pub(super) fn write(page: &mut Page<'_, '_>) {
    let facts = page.facts;
    page.start(Ink::Error).process().text("ERROR: ");
    let dialect = page.style.dialect;
    page.text(dialect.banner()).text(": ").text(dialect.kind(facts.kind));
    page.stop().text(" on address ").address(facts.address).text(": ");
    header::action(page);
    if let Some(Mismatch::Layouts { allocated, released }) = facts.mismatch {
        for (what, is, given) in [
            ("size", allocated.size, released.size),
            ("alignment", allocated.alignment, released.alignment),
        ] {
            if is != given {
                page.text("; ").text(what).text(" ").count(is);
                page.text(" given back as ").count(given);
            }
        }
    }
    if let Some(block) = facts.block {
        page.text("; located ");
        place::distance(page, &block);
        page.text(match block.state {
            BlockState::Live => ", live, from ",
            BlockState::Freed => ", freed, from ",
        });
        page.text(block.family.allocator());
    }
    if facts.block.is_none_or(|block| block.allocated.is_none()) {
        page.text("; `heapwarden run -p debug` shows stacks");
    }
    page.end_line();
}
