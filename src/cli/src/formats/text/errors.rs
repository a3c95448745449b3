//! The errors: one sentence, where it happened, and the history of the block.

use super::detail::{self, held_by};
use super::number::{bytes, counted, grouped};
use super::rest;
use crate::formats::View;
use crate::formats::stack;
use crate::report_file::{Block, Error, Frame};
use serde_json::Value;

pub fn write(text: &mut String, view: &View<'_>) {
    let errors = view.errors();
    if errors.is_empty() {
        return;
    }
    *text += "\nErrors\n";
    for (position, error) in errors.iter().take(view.top).enumerate() {
        *text += &format!("\n{}. {}\n", position + 1, error_sentence(error));
        if error.count > 1 {
            *text += &format!("   seen {} times\n", grouped(error.count));
        }
        let what = event(error);
        let rest = error.block.as_ref().map(|block| &block.rest);
        let by = |event| rest.and_then(|rest| rest.get(event)).and_then(Value::as_u64);
        history(text, what, Some(error.thread.number), &error.stack);
        history(text, "freed", by("free_thread"), &error.free_stack);
        history(text, "allocated", by("alloc_thread"), &error.alloc_stack);
        if let Some(block) = &error.neighbour {
            neighbour(text, block);
        }
        detail::write(text, error);
        *text += &format!("   more: heapwarden explain {}\n", error.kind);
    }
    rest(text, errors.len(), view.top);
}

/// What its stack is the stack of.
pub fn event(error: &Error) -> &'static str {
    match error.access.kind.as_str() {
        _ if error.damage.is_some() => "found",
        "read" | "write" => "accessed",
        _ => "called",
    }
}

/// `heap-use-after-free: write of 4 bytes, 8 bytes inside of a freed block of 24 bytes from malloc`.
pub fn error_sentence(error: &Error) -> String {
    let mut text = error.kind.clone();
    let (kind, size) = (error.access.kind.as_str(), error.access.size);
    let mut separator = ": ";
    if kind == "read" || kind == "write" {
        let size = size.map(|size| format!(" of {}", counted(size, "byte")));
        text += &format!("{separator}{kind}{}", size.as_deref().unwrap_or_default());
        separator = ", ";
    }
    match &error.block {
        Some(block) => text += &format!("{separator}{}", against(block)),
        None => text += &format!("{separator}address {}", error.address),
    }
    if let Some(holder) = &error.holder {
        text += &format!("; held by {}", held_by(holder));
    }
    let finder = &error.access.found_by;
    if error.damage.is_some() && !finder.is_empty() {
        text += &format!("; found afterwards by {finder}");
    }
    text
}

/// `8 bytes inside of a freed block of 24 bytes from malloc`.
fn against(block: &Block) -> String {
    let offset = block.offset.unwrap_or(0);
    let distance = offset.unsigned_abs();
    let place = if offset < 0 {
        format!("{} before", bytes(distance))
    } else if distance == block.size && distance > 0 {
        "directly after".into()
    } else if distance > block.size {
        format!("{} after", bytes(distance - block.size))
    } else if distance == 0 {
        "at the start of".into()
    } else {
        format!("{} inside of", bytes(distance))
    };
    format!("{place} {}", described(block))
}

/// `a freed block of 24 bytes from malloc`.
fn described(block: &Block) -> String {
    let state = if block.state.is_empty() { "" } else { " " };
    let family = if block.family.is_empty() { "" } else { " from " };
    let size = bytes(block.size);
    format!("a{state}{} block of {size}{family}{}", block.state, block.family)
}

fn neighbour(text: &mut String, block: &Block) {
    *text += &format!("   the likely culprit is the neighbour, {}:\n", described(block));
    history(text, "freed", None, &block.free_stack);
    history(text, "allocated", None, &block.alloc_stack);
}

fn history(text: &mut String, what: &str, thread: Option<u64>, stack: &[Frame]) {
    if !stack.is_empty() {
        let by = thread.map(|number| format!(" by thread T{number}"));
        *text += &format!("   {what}{} here:\n", by.as_deref().unwrap_or_default());
        stack::write(text, "     ", stack);
    }
}
