//! Where the address lies: against its block, or what a stray pointer leads to.

use super::page::Page;
use super::sheet::{Ink, Sheet};
use super::stack::location;
use crate::report::{BlockFacts, Pointer};
use crate::text::number;

pub(super) fn write(page: &mut Page<'_, '_>) {
    match page.facts.block {
        Some(block) => against_block(page, &block),
        None => stray(page),
    }
    if let Some(hint) = page.facts.hint {
        page.text("HINT: ").text(hint).end_line();
    }
}

fn against_block(page: &mut Page<'_, '_>, block: &BlockFacts<'_>) {
    let address = page.facts.address;
    page.start(Ink::Place).address(address).text(" is located ");
    distance(page, block);
    page.stop().end_line();
}

/// `0 bytes after 24-byte region [0x..,0x..)`.
pub(super) fn distance(page: &mut Page<'_, '_>, block: &BlockFacts<'_>) {
    let address = page.facts.address;
    let end = block.address.saturating_add(block.size);
    let (distance, side) = if address < block.address {
        (block.address - address, "before")
    } else if address >= end && !(address == block.address && is_release(page)) {
        // The empty block has no inside: what is accessed at its address is after it.
        (address - end, "after")
    } else {
        (address - block.address, "inside of")
    };
    page.count(distance).text(" bytes ").text(side).text(" ").region(block);
}

/// Whether the address is a pointer that was given to a function such as free.
fn is_release(page: &Page<'_, '_>) -> bool {
    page.facts.damage.is_none() && page.facts.access.size.is_none()
}

fn stray(page: &mut Page<'_, '_>) {
    let address = page.facts.address;
    let sentence = match page.facts.pointer {
        Some(Pointer::Global) => " is located ",
        Some(Pointer::Code) => " is located in program code ",
        Some(Pointer::Stack) => " is located on a stack",
        Some(Pointer::Wild) => " is a wild pointer: nothing is mapped there",
        Some(Pointer::Misaligned) => " is not a multiple of 16, as the address of a block is",
        Some(Pointer::Foreign) => " is located in memory that is not of this heap",
        Some(Pointer::Interior) | None => return,
    };
    page.start(Ink::Place).address(address).text(sentence);
    match page.facts.pointer {
        Some(Pointer::Global) => global(page),
        Some(Pointer::Code) => code(page),
        _ => {}
    }
    page.stop().end_line();
}

/// `16 bytes inside of global variable 'table' of size 40 (module)`.
fn global(page: &mut Page<'_, '_>) {
    let address = page.facts.address;
    let Sheet { symbols, writer, style } = &mut page.sheet;
    let mut known = false;
    symbols.variable(address, &mut |variable| {
        known = true;
        match variable.name {
            Some(name) => {
                writer.put(number(variable.offset as u64));
                writer.text(" bytes inside of global variable '").text(name);
                writer.text("' of size ").put(number(variable.size as u64)).text(" (");
            }
            None => {
                writer.text("in the data of a module (");
            }
        }
        writer.raw(stripped(variable.module, style.strip_path_prefix)).text(")");
    });
    if !known {
        writer.text("in the data of a module");
    }
}

fn code(page: &mut Page<'_, '_>) {
    let address = page.facts.address;
    let Sheet { symbols, writer, style } = &mut page.sheet;
    let mut told = false;
    symbols.frames(address, &mut |frame| {
        if !core::mem::replace(&mut told, true) {
            if let Some(function) = frame.function {
                writer.text("of ").text(function).text(" ");
            }
            location(writer, frame, style.strip_path_prefix);
        }
    });
}

/// `path` without `prefix`.
pub(super) fn stripped<'a>(path: &'a [u8], prefix: &[u8]) -> &'a [u8] {
    path.strip_prefix(prefix).unwrap_or(path)
}
