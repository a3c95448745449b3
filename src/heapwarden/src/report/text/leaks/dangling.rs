//! Freed blocks that the program still has pointers to: one report each, in the shape of an error.

use super::amount;
use crate::leaks::Level;
use crate::leaks::facts::{Dangling, Holder};
use crate::report::text::blame;
use crate::report::text::sheet::{Ink, Sheet};
use crate::report::{BlockFacts, BlockState, Event, Family, Kind, LeakFacts};
use crate::text::number;

/// Pointers that are listed of a block in a summary.
const HOLDERS_MAX: usize = 8;

pub(super) fn write(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>) {
    let blocks = || facts.check.dangling.chunk_by(|one, other| one.block == other.block);
    let is_full = facts.level == Level::Full;
    let shown = if is_full { usize::MAX } else { facts.top };
    for pointers in blocks().take(shown) {
        block(sheet, facts, pointers, is_full);
    }
    let left_out = blocks().skip(shown).count();
    if left_out > 0 {
        amount(sheet, left_out as u64, "more freed block");
        sheet.text(" with pointers to it; leaks=full shows all").end_line();
    }
    let seen = facts.check.coverage.dangling_pointers;
    if seen > facts.check.dangling.len() as u64 {
        amount(sheet, seen, "pointer");
        sheet.text(" to freed blocks in all; those of one sort are told once").end_line();
    }
}

/// One block; there is at least one pointer.
fn block(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>, pointers: &[Dangling], is_full: bool) {
    let Some(found) = pointers.first() else { return };
    let dialect = sheet.style.dialect;
    let address = found.block.wrapping_add(found.offset);
    sheet.rule();
    sheet.start(Ink::Error).process().text("ERROR: ").text(dialect.banner()).text(": ");
    sheet.text(dialect.kind(Kind::DanglingPointer)).text(" on address ").address(address);
    sheet.stop().end_line();
    sheet.start(Ink::Access);
    let count = pointers.len();
    amount(sheet, count as u64, "pointer");
    sheet.text(" to a freed block, found by ").text(facts.found_by).stop().end_line();
    let listed = if is_full { count } else { count.min(HOLDERS_MAX) };
    for pointer in &pointers[..listed] {
        holder(sheet, facts, pointer);
    }
    if listed < count {
        sheet.text("  and ").count(count - listed).text(" more").end_line();
    }
    sheet.end_line();
    history(sheet, facts, found, address);
    sheet.start(Ink::Error).text("SUMMARY: ").text(dialect.banner()).text(": ");
    sheet.text(dialect.summary(Kind::DanglingPointer));
    let Sheet { symbols, writer, style } = sheet;
    blame::place((facts.stack)(found.freed_at), None, *symbols, style.strip_path_prefix, writer);
    sheet.stop().end_line();
}

/// Where the block is, and what happened to it.
fn history(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>, found: &Dangling, address: usize) {
    let event =
        |site, thread: u16| Event { frames: (facts.stack)(site), thread: thread.into(), tid: 0 };
    let block = BlockFacts {
        address: found.block,
        size: found.size,
        family: Family::Malloc,
        state: BlockState::Freed,
        allocated: Some(event(found.allocated_at, found.threads.0)),
        freed: Some(event(found.freed_at, found.threads.1)),
        sequence: 0,
    };
    sheet.start(Ink::Place).address(address).text(" is located ").count(found.offset);
    sheet.text(" bytes inside of ").region(&block).stop().end_line();
    for (what, event) in [("freed", block.freed), ("previously allocated", block.allocated)] {
        if let Some(event) = event {
            sheet.event(what, &event);
        }
    }
}

/// One line: what holds the pointer, and where in the block it leads.
fn holder(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>, found: &Dangling) {
    sheet.text("  in ");
    match found.holder {
        Holder::Global(address) => global(sheet, address),
        Holder::Stack(thread) => of_thread(sheet, "the stack", thread),
        Holder::ThreadLocal(thread) => of_thread(sheet, "thread-local memory", thread),
        Holder::Register(thread) => of_thread(sheet, "a register", thread),
        Holder::Registered => {
            sheet.text("a registered range");
        }
        Holder::Mapped => {
            sheet.text("memory that the program mapped");
        }
        Holder::Block { address, site, offset } => {
            sheet.text("block ").address(address).text(" +").count(offset);
            let stack = (facts.stack)(site);
            if !stack.is_empty() {
                sheet.text(", allocated at");
                let Sheet { symbols, writer, style } = sheet;
                blame::place(stack, None, *symbols, style.strip_path_prefix, writer);
            }
        }
    }
    if found.at != 0 && !matches!(found.holder, Holder::Block { .. }) {
        sheet.text(", at ").address(found.at);
    }
    sheet.text(", to offset ").count(found.offset).end_line();
}

fn of_thread(sheet: &mut Sheet<'_, '_>, what: &str, thread: u32) {
    sheet.text(what).text(" of the thread with number ").count(thread as usize);
}

/// `global variable 'table' +16 (module)`.
fn global(sheet: &mut Sheet<'_, '_>, address: usize) {
    let Sheet { symbols, writer, style } = sheet;
    let mut known = false;
    symbols.variable(address, &mut |variable| {
        known = true;
        match variable.name {
            Some(name) => {
                writer.text("global variable '").text(name).text("' +");
                writer.put(number(variable.offset as u64)).text(" (");
            }
            None => {
                writer.text("the data of a module (");
            }
        }
        let path = variable.module;
        writer.raw(path.strip_prefix(style.strip_path_prefix).unwrap_or(path)).text(")");
    });
    if !known {
        writer.text("the data of a module");
    }
}
