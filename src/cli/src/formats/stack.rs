//! A stack as lines, and the frame of it that a person would open first.

use crate::report_file::{Error, Frame, frame_name};
use heapwarden::report::text::{is_plumbing, starts_rust_runtime};

/// The frames to show: without the outermost ones of the Rust runtime, as in a text report.
pub fn shown(stack: &[Frame]) -> &[Frame] {
    let is_runtime = |frame: &Frame| frame.function.as_deref().is_some_and(starts_rust_runtime);
    let end = stack.iter().position(is_runtime).filter(|end| *end > 0);
    stack.get(..end.unwrap_or(stack.len())).unwrap_or(stack)
}

/// The innermost frame that is not part of an allocator or of a library's containers.
pub fn blamed(stack: &[Frame]) -> Option<&Frame> {
    let shown = shown(stack);
    let is_own = |frame: &&Frame| !frame.function.as_deref().is_some_and(is_plumbing);
    shown.iter().find(is_own).or(shown.first())
}

/// The stack that tells where an error comes from. Where nobody saw the access that is where the block
/// was allocated: the stack at which damage was found says nothing about it.
pub fn of_error(error: &Error) -> &[Frame] {
    let stacks = match error.damage {
        Some(_) => [&error.alloc_stack, &error.stack, &error.free_stack],
        None => [&error.stack, &error.free_stack, &error.alloc_stack],
    };
    stacks.into_iter().find(|stack| !stack.is_empty()).unwrap_or(&error.stack)
}

/// `function file:line`, as far as it is known.
pub fn place(frame: &Frame) -> String {
    let name = frame_name(frame);
    let place = match (&frame.file, frame.line, &frame.module) {
        (Some(file), Some(line), _) => format!("{name} {file}:{line}"),
        (Some(file), None, _) => format!("{name} {file}"),
        (None, _, Some(module)) if frame.function.is_some() => format!("{name} ({module})"),
        _ => name,
    };
    printable(&place)
}

/// What a file says, without what would control a terminal or break a line.
pub fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

/// Where a stack leads to, in one line.
pub fn headline(stack: &[Frame]) -> String {
    blamed(stack).map_or_else(|| "(no stack was kept)".into(), place)
}

/// Writes a stack, a line each.
pub fn write(text: &mut String, indent: &str, stack: &[Frame]) {
    if stack.is_empty() {
        *text += &format!("{indent}(no stack was kept)\n");
    }
    for (position, frame) in shown(stack).iter().enumerate() {
        *text += &format!("{indent}#{position} {}\n", place(frame));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str) -> Frame {
        Frame { function: Some(function.into()), ..Frame::default() }
    }

    #[test]
    fn plumbing_and_the_runtime_are_not_blamed() {
        let names =
            ["malloc", "alloc::vec::Vec<T>::push", "app::run", "__rust_begin_short_backtrace"];
        let stack = names.map(frame);
        assert_eq!(headline(&stack), "app::run");
        assert_eq!(shown(&stack).len(), 3);
        assert_eq!(headline(&stack[..1]), "malloc");
        assert_eq!(headline(&[]), "(no stack was kept)");
        assert_eq!(headline(&[frame("a\x1b[2J\n")]), "a?[2J?");
        let bare =
            Frame { module: Some("/a/b.so".into()), offset: Some("0x10".into()), ..frame("") };
        assert_eq!(place(&Frame { function: None, ..bare }), "b.so+0x10");
    }
}
