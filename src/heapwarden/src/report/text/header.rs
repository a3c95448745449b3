//! The first lines: what was found, what was done and by whom.

use super::page::Page;
use super::sheet::Ink;
use crate::report::{
    Access, AccessKind, Detail, Dialect, Facts, Kind, LayoutFacts, Mismatch, Pointer,
};

pub(super) fn write(page: &mut Page<'_, '_>) {
    page.rule();
    page.start(Ink::Error).process().text("ERROR: ");
    let dialect = page.style.dialect;
    page.text(dialect.banner()).text(": ");
    let has_own_sentence = match dialect {
        Dialect::Asan => asan_sentence(page),
        Dialect::Heapwarden => false,
    };
    if !has_own_sentence {
        general(page);
        page.stop().end_line();
        page.start(Ink::Access);
        action(page);
    }
    page.stop().end_line();
    if let Some(Mismatch::Layouts { allocated, released }) = page.facts.mismatch {
        layouts(page, allocated, released);
    }
    let Facts { access_stack, registers, .. } = *page.facts;
    page.stack(access_stack.into(), registers);
    page.end_line();
}

/// `KIND on address A at pc P bp B sp S`.
fn general(page: &mut Page<'_, '_>) {
    let (facts, kind) = (page.facts, page.style.dialect.kind(page.facts.kind));
    page.text(kind).text(" on address ").address(facts.address);
    page.text(" at pc ").address(pc(facts));
    if let Some(registers) = facts.registers {
        page.text(" bp ").address(registers.bp).text(" sp ").address(registers.sp);
    }
}

fn pc(facts: &Facts<'_>) -> usize {
    match facts.registers {
        Some(registers) => registers.pc,
        None => facts.access_stack.first().map_or(0, |address| address.saturating_sub(1)),
    }
}

/// The kinds for which AddressSanitizer has a sentence of its own, which tools match on.
fn asan_sentence(page: &mut Page<'_, '_>) -> bool {
    let (kind, address) = (page.facts.kind, page.facts.address);
    match kind {
        Kind::DoubleFree => {
            page.text("attempting double-free on ").address(address);
            page.text(" in thread ");
            page.thread().text(":");
        }
        Kind::InvalidFree => {
            page.text("attempting free on address which was not malloc()-ed: ").address(address);
            page.text(" in thread ");
            page.thread();
        }
        Kind::AllocDeallocMismatch => {
            page.text("alloc-dealloc-mismatch");
            if let Some(Mismatch::Families { allocated, released }) = page.facts.mismatch {
                page.text(" (").text(allocated.allocator()).text(" vs ");
                page.text(released.releaser()).text(")");
            }
            page.text(" on ").address(address);
        }
        Kind::NewDeleteTypeMismatch | Kind::LayoutMismatch => {
            page.text(Kind::NewDeleteTypeMismatch.id()).text(" on ").address(address);
            page.text(" in thread ");
            page.thread().text(":");
        }
        _ => return false,
    }
    true
}

/// The line above the stack: what happened there.
pub(super) fn action(page: &mut Page<'_, '_>) {
    let facts = page.facts;
    match facts.kind {
        Kind::DoubleFree => {
            page.text(facts.access_what).text("() of a block that was freed before, in thread ");
        }
        Kind::InvalidFree => {
            page.text(facts.access_what).text("() of ").text(pointee(facts.pointer));
            page.text(", in thread ");
        }
        Kind::AllocDeallocMismatch => {
            if let Some(Mismatch::Families { allocated, released }) = facts.mismatch {
                page.text("block from ").text(allocated.allocator());
                match facts.access_what {
                    "realloc" => page.text(" resized by realloc"),
                    _ => page.text(" released by ").text(released.releaser()),
                };
                page.text(", in thread ");
            } else {
                page.text(facts.access_what).text("() in thread ");
            }
        }
        Kind::NewDeleteTypeMismatch | Kind::LayoutMismatch => {
            page.text(facts.access_what).text("() with another size or alignment, in thread ");
        }
        _ if nothing_is_known(page) => {
            page.text("found by ").text(facts.access_what).text(" in thread ");
        }
        _ => return access(page),
    }
    page.thread();
}

/// Whether there is no access to tell about, and no tool that wants to read of one nevertheless.
fn nothing_is_known(page: &Page<'_, '_>) -> bool {
    let unknown = page.facts.access == Access { kind: AccessKind::Unknown, size: None };
    unknown && page.facts.damage.is_none() && page.style.dialect == Dialect::Heapwarden
}

/// `WRITE of size 4 at A by memcpy in thread T0`; when only its traces were found, who found them.
fn access(page: &mut Page<'_, '_>) {
    let facts = page.facts;
    let size = facts.access.size.or(facts.damage.map(|damage| damage.changed)).unwrap_or(0);
    // AddressSanitizer says ACCESS when it knows neither; tools know the word.
    page.text(match facts.access.kind {
        AccessKind::Read => "READ",
        AccessKind::Write => "WRITE",
        AccessKind::Unknown => "ACCESS",
    });
    page.text(" of size ").count(size);
    // On one line the address stands just before.
    if page.style.detail == Detail::Full {
        page.text(" at ").address(facts.address);
    }
    if page.style.dialect == Dialect::Heapwarden {
        if facts.damage.is_some() {
            page.text(", found afterwards by ").text(facts.access_what).text(" in");
        } else if facts.registers.is_none() {
            page.text(" by ").text(facts.access_what).text(" in");
        }
    }
    page.text(" thread ");
    page.thread();
}

/// What was freed that is not a block.
fn pointee(pointer: Option<Pointer>) -> &'static str {
    match pointer {
        Some(Pointer::Interior) => "an address inside a block, not its start",
        Some(Pointer::Misaligned) => "a misaligned address, which no block can have",
        Some(Pointer::Stack) => "an address on a stack",
        Some(Pointer::Global) => "the address of a global variable",
        Some(Pointer::Code) => "an address of program code",
        Some(Pointer::Wild) => "a wild address, where nothing is mapped",
        Some(Pointer::Foreign) => "memory of somebody else, not from this heap",
        None => "an address that is not a block's",
    }
}

/// The two sides of a size mismatch, in AddressSanitizer's shape.
fn layouts(page: &mut Page<'_, '_>, allocated: LayoutFacts, released: LayoutFacts) {
    if page.style.dialect == Dialect::Asan {
        page.text("  object passed to delete has wrong type:").end_line();
    }
    let rows = [
        ("size", " bytes", allocated.size, released.size),
        ("alignment", " bytes", allocated.alignment, released.alignment),
    ];
    for (what, unit, is, given) in rows.into_iter().filter(|row| row.2 != row.3) {
        page.text("  ").text(what).text(" of the allocated type:   ").count(is);
        page.text(unit).text(";").end_line();
        page.text("  ").text(what).text(" of the deallocated type: ").count(given);
        page.text(unit).text(".").end_line();
    }
}
