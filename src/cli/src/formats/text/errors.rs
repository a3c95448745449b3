//! The errors: one sentence, where it happened, and the history of the block.

use super::number::{bytes, counted, grouped};
use super::rest;
use crate::formats::View;
use crate::formats::stack;
use crate::report_file::{Block, Error, Frame};

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
        let what = if error.damage.is_some() { "found" } else { "here" };
        history(text, what, &error.stack);
        history(text, "freed", &error.free_stack);
        history(text, "allocated", &error.alloc_stack);
        if let Some(block) = &error.neighbour {
            neighbour(text, block);
        }
        if let Some(hint) = &error.hint {
            *text += &format!("   hint: {hint}\n");
        }
        *text += &format!("   more: heapwarden explain {}\n", error.kind);
    }
    rest(text, errors.len(), view.top);
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
    history(text, "freed", &block.free_stack);
    history(text, "allocated", &block.alloc_stack);
}

fn history(text: &mut String, what: &str, stack: &[Frame]) {
    if !stack.is_empty() {
        *text += &format!("   {what}:\n");
        stack::write(text, "     ", stack);
    }
}
