//! The frame that a person would open first: the innermost one that is not part of a library's
//! plumbing.

use super::sheet::Sheet;
use super::stack::{location, lookup_address};
use crate::callsite::Stack;
use crate::report::Registers;
use crate::symbolize::{Frame, Symbolizer};
use crate::text::Writer;

/// Functions that hand an error on and are not to blame for it: allocators, libraries' containers.
/// AddressSanitizer and ClusterFuzz skip the same ones.
const HANDED_ON: [&str; 20] = [
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
    "heapwarden::global::",
    "<heapwarden::global::",
    "__gnu_cxx::",
    "void std::",
    "__interceptor_",
];

/// ` file:line in function` of the frame to name, if there is any.
pub fn place(
    stack: Stack<'_>,
    registers: Option<Registers>,
    symbols: &mut dyn Symbolizer,
    strip_path_prefix: &[u8],
    writer: &mut Writer<'_>,
) {
    let Some(chosen) = position(stack, registers, symbols) else { return };
    let (mut position, mut told) = (0, false);
    each_frame(stack, registers, symbols, &mut |frame| {
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

/// `DEDUP_TOKEN: parse--read--main`: the functions from the frame to name on, as many as are wanted,
/// by which libFuzzer tells bugs apart.
pub(super) fn token(stack: Stack<'_>, registers: Option<Registers>, sheet: &mut Sheet<'_, '_>) {
    let Sheet { symbols, writer, style } = sheet;
    let wanted = style.dedup_token_length as usize;
    if wanted == 0 {
        return;
    }
    let Some(first) = position(stack, registers, *symbols) else { return };
    let (mut position, mut written) = (0, 0);
    each_frame(stack, registers, *symbols, &mut |frame| {
        if position >= first {
            let separator = if written == 0 { "DEDUP_TOKEN: " } else { "--" };
            writer.text(separator).text(frame.function.unwrap_or("??"));
            written += 1;
        }
        position += 1;
        written < wanted
    });
    writer.end_line();
}

/// The position of the frame to name, inlined ones counted; the innermost if all are plumbing.
pub fn position(
    stack: Stack<'_>,
    registers: Option<Registers>,
    symbols: &mut dyn Symbolizer,
) -> Option<usize> {
    let (mut position, mut found) = (0, None);
    each_frame(stack, registers, symbols, &mut |frame| {
        let hands_on =
            frame.function.is_some_and(is_plumbing) || frame.is_own() || frame.is_of_rust();
        if found.is_none() && !hands_on {
            found = Some(position);
        }
        position += 1;
        found.is_none()
    });
    found.or((position > 0).then_some(0))
}

/// Whether a function hands an error on and is not to blame for it.
pub fn is_plumbing(function: &str) -> bool {
    HANDED_ON.iter().any(|start| hands_on(function, start)) || is_of_primitive(function)
}

/// `<u8 as alloc::vec::...>::f`: std's own, for a type that is nobody's.
fn is_of_primitive(function: &str) -> bool {
    let parts = function.strip_prefix('<').and_then(|rest| rest.split_once(" as "));
    parts.is_some_and(|(own, of)| {
        !own.contains("::") && ["std::", "core::", "alloc::"].iter().any(|it| of.starts_with(it))
    })
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

/// Visits the frames of a stack, innermost first, as long as `visit` wants more.
fn each_frame(
    stack: Stack<'_>,
    registers: Option<Registers>,
    symbols: &mut dyn Symbolizer,
    visit: &mut dyn FnMut(&Frame<'_>) -> bool,
) {
    let mut goes_on = true;
    for (position, address) in stack.iter().enumerate() {
        let address = lookup_address(address, position, registers);
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
        for name in [
            "free",
            "std::vector<int>::~vector()",
            "operator delete(void*)",
            "__rust_dealloc",
            "<heapwarden::global::Heapwarden as core::alloc::global::GlobalAlloc>::alloc",
            "<u8 as alloc::vec::spec_from_elem::SpecFromElem>::from_elem",
        ] {
            assert!(is_plumbing(name), "{name}");
        }
        for name in [
            "free_list",
            "main",
            "stdio_like",
            "mallocator",
            "app::core::run",
            "<app::Guard as core::ops::drop::Drop>::drop",
            "<u8 as app::Codec>::encode",
        ] {
            assert!(!is_plumbing(name), "{name}");
        }
    }
}
