//! One error as a JSON object.

use super::frames::stack;
use super::object::Open;
use crate::report::{
    AccessKind, BlockFacts, BlockState, Damage, Expected, Facts, LayoutFacts, Mismatch, Pointer,
    ThreadFacts,
};
use crate::site_id;
use crate::symbolize::Symbolizer;
use crate::text::{Writer, number};

/// The digits that are kept free for `count`, which may still grow.
pub(super) const COUNT_DIGITS: usize = 20;

/// Writes one error. Its first field is `count`, whose digits start
/// [`RECORD_COUNT_OFFSET`](super::file::RECORD_COUNT_OFFSET) bytes into it and may be overwritten
/// by up to 20 digits and blanks.
pub fn record(facts: &Facts<'_>, symbols: &mut dyn Symbolizer, writer: &mut Writer<'_>) {
    let mut object = Open::object(writer);
    object.field(writer, "count");
    let count = number(facts.count.max(1));
    writer.put(count);
    for _ in count.length()..COUNT_DIGITS {
        writer.text(" ");
    }
    object.text(writer, "kind", facts.kind.id().as_bytes());
    object.address(writer, "address", facts.address);
    thread(&mut object, writer, &facts.thread);
    access(&mut object, writer, facts);
    if let Some(block) = facts.block {
        object.field(writer, "block");
        let mut fields = Open::object(writer);
        let offset = facts.address.wrapping_sub(block.address) as isize;
        block_fields(&mut fields, writer, &block, Some(offset));
        fields.end(writer);
    }
    if let Some(found) = facts.damage {
        damage(&mut object, writer, &found);
    }
    stack(&mut object, writer, symbols, "stack", facts.access_stack.into(), facts.registers);
    if let Some(block) = facts.block {
        history(&mut object, writer, symbols, &block);
    }
    if let Some(block) = facts.neighbour {
        object.field(writer, "neighbour");
        let mut fields = Open::object(writer);
        block_fields(&mut fields, writer, &block, None);
        history(&mut fields, writer, symbols, &block);
        fields.end(writer);
    }
    rest(&mut object, writer, facts);
    object.end(writer);
}

fn thread(object: &mut Open, writer: &mut Writer<'_>, thread: &ThreadFacts) {
    object.field(writer, "thread");
    let mut fields = Open::object(writer);
    fields.number(writer, "number", thread.number.into());
    fields.number(writer, "tid", thread.tid.into());
    let name = thread.name.split(|byte| *byte == 0).next().unwrap_or(&[]);
    if !name.is_empty() {
        fields.text(writer, "name", name);
    }
    fields.end(writer);
}

fn access(object: &mut Open, writer: &mut Writer<'_>, facts: &Facts<'_>) {
    object.field(writer, "access");
    let mut fields = Open::object(writer);
    let kind: &[u8] = match facts.access.kind {
        AccessKind::Read => b"read",
        AccessKind::Write => b"write",
        AccessKind::Unknown => b"unknown",
    };
    fields.text(writer, "type", kind);
    if let Some(size) = facts.access.size {
        fields.number(writer, "size", size as u64);
    }
    fields.text(writer, "found_by", facts.access_what.as_bytes());
    fields.end(writer);
}

fn block_fields(
    fields: &mut Open,
    writer: &mut Writer<'_>,
    block: &BlockFacts<'_>,
    offset: Option<isize>,
) {
    fields.address(writer, "address", block.address);
    fields.number(writer, "size", block.size as u64);
    if let Some(offset) = offset {
        fields.signed(writer, "offset", offset);
    }
    fields.text(writer, "family", block.family.id().as_bytes());
    let state: &[u8] = match block.state {
        BlockState::Live => b"live",
        BlockState::Freed => b"freed",
    };
    fields.text(writer, "state", state);
    if block.sequence != 0 {
        fields.number(writer, "sequence", block.sequence);
    }
    for (name, event) in [("alloc_thread", block.allocated), ("free_thread", block.freed)] {
        if let Some(event) = event {
            fields.number(writer, name, event.thread.into());
        }
    }
}

fn history(
    object: &mut Open,
    writer: &mut Writer<'_>,
    symbols: &mut dyn Symbolizer,
    block: &BlockFacts<'_>,
) {
    if let Some(id) = block.allocated.and_then(|event| site_id::of(event.frames)) {
        object.text(writer, "alloc_site", site_id::piece(id).as_bytes());
    }
    for (name, event) in [("alloc_stack", block.allocated), ("free_stack", block.freed)] {
        if let Some(event) = event {
            stack(object, writer, symbols, name, event.frames, None);
        }
    }
}

fn damage(object: &mut Open, writer: &mut Writer<'_>, damage: &Damage<'_>) {
    /// More than that is seldom of use, and the file stays readable.
    const BYTES_MAX: usize = 4096;
    object.field(writer, "damage");
    let mut fields = Open::object(writer);
    fields.signed(writer, "offset", damage.offset);
    let shown = damage.bytes.get(..BYTES_MAX).unwrap_or(damage.bytes);
    fields.hex(writer, "bytes", shown);
    fields.number(writer, "changed", damage.changed as u64);
    if let Expected::Fill(fill) = damage.expected {
        fields.hex(writer, "fill", &[fill]);
    }
    fields.end(writer);
}

/// The facts beyond the ones that every error has.
fn rest(object: &mut Open, writer: &mut Writer<'_>, facts: &Facts<'_>) {
    if let Some(pointer) = facts.pointer {
        let name: &[u8] = match pointer {
            Pointer::Interior => b"interior",
            Pointer::Misaligned => b"misaligned",
            Pointer::Stack => b"stack",
            Pointer::Global => b"global",
            Pointer::Code => b"code",
            Pointer::Wild => b"wild",
            Pointer::Foreign => b"foreign",
        };
        object.text(writer, "pointer", name);
    }
    if let Some(mismatch) = facts.mismatch {
        object.field(writer, "mismatch");
        let mut fields = Open::object(writer);
        match mismatch {
            Mismatch::Families { allocated, released } => {
                fields.text(writer, "allocated", allocated.id().as_bytes());
                fields.text(writer, "released", released.id().as_bytes());
            }
            Mismatch::Layouts { allocated, released } => {
                layout(&mut fields, writer, "allocated", allocated);
                layout(&mut fields, writer, "released", released);
            }
        }
        fields.end(writer);
    }
    if let Some(hint) = facts.hint {
        object.text(writer, "hint", hint.as_bytes());
    }
}

fn layout(fields: &mut Open, writer: &mut Writer<'_>, name: &str, layout: LayoutFacts) {
    fields.field(writer, name);
    let mut inner = Open::object(writer);
    inner.number(writer, "size", layout.size as u64);
    if layout.alignment != 0 {
        inner.number(writer, "alignment", layout.alignment as u64);
    }
    inner.end(writer);
}
