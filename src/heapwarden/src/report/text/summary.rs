//! The summary: one line with the kind and the place that a person would open first.

use super::page::Page;
use super::sheet::{Ink, Sheet};
use super::stack::{location, lookup_address};
use crate::report::Facts;
use crate::symbolize::{Frame, Symbolizer};
use crate::text::Writer;

/// Functions that hand an error on and are not to blame for it: allocators, libraries' containers.
/// AddressSanitizer and ClusterFuzz skip the same ones.
const HANDED_ON: [&str; 18] = [
    "malloc",
    "calloc",
    "realloc",
    "free",
    "cfree",
    "operator new",
    "operator delete",
    "std::",
    "<std::",
    "core::",
    "<core::",
    "alloc::",
    "<alloc::",
    "__rust_",
    "__rustc",
    "__gnu_cxx::",
    "void std::",
    "__interceptor_",
];

pub(super) fn write(page: &mut Page<'_, '_>) {
    let (style, facts) = (page.style, page.facts);
    page.start(Ink::Error).text("SUMMARY: ").text(style.dialect.banner()).text(": ");
    page.text(style.dialect.summary(facts.kind));
    let Sheet { symbols, writer, .. } = &mut page.sheet;
    place(facts, *symbols, style.strip_path_prefix, writer);
    page.stop().end_line();
    if style.fatal {
        page.process().text("ABORTING").end_line();
    }
}

/// ` file:line in function` of the innermost frame that is not part of a library's plumbing.
pub fn place(
    facts: &Facts<'_>,
    symbols: &mut dyn Symbolizer,
    strip_path_prefix: &[u8],
    writer: &mut Writer<'_>,
) {
    let Some(chosen) = blamed(facts, symbols) else { return };
    let (mut position, mut told) = (0, false);
    each_frame(facts, symbols, &mut |frame| {
        if position == chosen && !told {
            told = true;
            writer.text(" ");
            location(writer, frame, strip_path_prefix);
            if let Some(function) = frame.function {
                writer.text(" in ").text(function);
            }
        }
        position += 1;
        position <= chosen
    });
}

/// The position of the frame to name; the innermost if all are plumbing.
fn blamed(facts: &Facts<'_>, symbols: &mut dyn Symbolizer) -> Option<usize> {
    let (mut position, mut found) = (0, None);
    each_frame(facts, symbols, &mut |frame| {
        let hands_on = frame.function.is_some_and(is_plumbing);
        if found.is_none() && !hands_on {
            found = Some(position);
        }
        position += 1;
        found.is_none()
    });
    found.or((position > 0).then_some(0))
}

/// Whether a function hands errors on and is not to blame for them.
pub fn is_plumbing(function: &str) -> bool {
    HANDED_ON.iter().any(|start| hands_on(function, start))
}

/// Whether `name` is `start`, or lies in the namespace or is the operator that `start` names.
fn hands_on(name: &str, start: &str) -> bool {
    match name.strip_prefix(start) {
        Some(rest) => {
            !start.ends_with(|last: char| last.is_ascii_lowercase())
                || !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_')
        }
        None => false,
    }
}

/// The stack to name a place of: that of the access, or where nobody saw the access that of the
/// damaged block's allocation, for the stack at which damage was found says nothing about it.
fn stack<'a>(facts: &Facts<'a>) -> &'a [usize] {
    let allocated = facts.block.and_then(|block| block.allocated);
    match allocated {
        Some(event) if facts.damage.is_some() && !event.frames.is_empty() => event.frames,
        _ => facts.access_stack,
    }
}

/// Visits the frames of that stack, innermost first, as long as `visit` wants more.
fn each_frame(
    facts: &Facts<'_>,
    symbols: &mut dyn Symbolizer,
    visit: &mut dyn FnMut(&Frame<'_>) -> bool,
) {
    let mut goes_on = true;
    for (position, address) in stack(facts).iter().enumerate() {
        let address = lookup_address(*address, position, facts.registers);
        symbols.frames(address, &mut |frame| goes_on = goes_on && visit(frame));
        if !goes_on {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plumbing_is_skipped() {
        for name in
            ["free", "std::vector<int>::~vector()", "operator delete(void*)", "__rust_dealloc"]
        {
            assert!(is_plumbing(name), "{name}");
        }
        for name in ["free_list", "main", "stdio_like", "mallocator", "app::core::run"] {
            assert!(!is_plumbing(name), "{name}");
        }
    }
}
