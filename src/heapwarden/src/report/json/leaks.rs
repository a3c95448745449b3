//! The parts `leaks` and the records of dangling pointers.

use super::frames::stack;
use super::object::Open;
use super::record::COUNT_DIGITS;
use crate::leaks::Level;
use crate::leaks::facts::{Dangling, Edge, Holder, LeakKind, Record, Tally};
use crate::report::{Kind, LeakFacts};
use crate::symbolize::Symbolizer;
use crate::text::Writer;

/// So many of the records of what is still reachable are written if not all are wanted.
const REACHABLE_MAX: usize = 100;

/// Writes the object `leaks`.
pub fn leaks(facts: &LeakFacts<'_>, symbols: &mut dyn Symbolizer, writer: &mut Writer<'_>) {
    let mut object = Open::object(writer);
    for kind in LeakKind::ALL {
        object.field(writer, kind.id());
        let mut fields = Open::object(writer);
        tally(&mut fields, writer, ["bytes", "blocks"], facts.total(kind));
        fields.end(writer);
    }
    object.text(writer, "found_by", facts.found_by.as_bytes());
    object.field(writer, "records");
    let mut list = Open::list(writer);
    let mut reachable = 0;
    for record in facts.check.records {
        reachable += usize::from(record.kind == LeakKind::Reachable);
        if record.kind == LeakKind::Reachable
            && reachable > REACHABLE_MAX
            && facts.level != Level::Full
        {
            continue;
        }
        list.next(writer);
        writer.text("\n    ");
        one(facts, record, symbols, writer);
    }
    list.end(writer);
    suppressed(&mut object, writer, facts);
    coverage(&mut object, writer, facts);
    object.end(writer);
}

fn tally(object: &mut Open, writer: &mut Writer<'_>, names: [&str; 2], tally: Tally) {
    object.number(writer, names[0], tally.bytes);
    object.number(writer, names[1], tally.blocks);
}

fn one(
    facts: &LeakFacts<'_>,
    record: &Record,
    symbols: &mut dyn Symbolizer,
    writer: &mut Writer<'_>,
) {
    let mut object = Open::object(writer);
    object.text(writer, "kind", record.kind.id().as_bytes());
    tally(&mut object, writer, ["bytes", "blocks"], record.own);
    tally(&mut object, writer, ["retained_bytes", "retained_blocks"], record.retained);
    object.field(writer, "cycle");
    writer.text(if record.cycle.is_empty() { "false" } else { "true" });
    object.address(writer, "example", record.example);
    if record.thread != u16::MAX {
        object.number(writer, "thread", record.thread.into());
    }
    stack(&mut object, writer, symbols, "stack", (facts.stack)(record.site), None);
    let edges = facts.check.edges.get(record.cycle.clone()).unwrap_or(&[]);
    if !edges.is_empty() {
        object.field(writer, "edges");
        let mut list = Open::list(writer);
        for edge in edges {
            list.next(writer);
            pointer(facts, edge, symbols, writer);
        }
        list.end(writer);
    }
    object.end(writer);
}

fn pointer(
    facts: &LeakFacts<'_>,
    edge: &Edge,
    symbols: &mut dyn Symbolizer,
    writer: &mut Writer<'_>,
) {
    let mut object = Open::object(writer);
    object.address(writer, "from", edge.from);
    object.number(writer, "from_offset", edge.offset as u64);
    object.address(writer, "to", edge.to);
    object.number(writer, "to_offset", edge.to_offset as u64);
    stack(&mut object, writer, symbols, "stack", (facts.stack)(edge.from_site), None);
    object.end(writer);
}

fn suppressed(object: &mut Open, writer: &mut Writer<'_>, facts: &LeakFacts<'_>) {
    if facts.hidden.is_empty() {
        return;
    }
    object.field(writer, "suppressed");
    let mut list = Open::list(writer);
    for hidden in facts.hidden {
        list.next(writer);
        let mut fields = Open::object(writer);
        fields.text(writer, "template", hidden.template);
        tally(&mut fields, writer, ["bytes", "blocks"], hidden.tally);
        fields.end(writer);
    }
    list.end(writer);
}

fn coverage(object: &mut Open, writer: &mut Writer<'_>, facts: &LeakFacts<'_>) {
    let coverage = &facts.check.coverage;
    object.field(writer, "coverage");
    let mut fields = Open::object(writer);
    for (name, value) in [
        ("threads_stopped", coverage.threads_stopped.into()),
        ("threads_missed", coverage.threads_missed.into()),
        ("pause_nanoseconds", coverage.pause_nanoseconds),
        ("elapsed_nanoseconds", coverage.elapsed_nanoseconds),
        ("root_bytes", coverage.root_bytes),
        ("block_bytes", coverage.block_bytes),
    ] {
        fields.number(writer, name, value);
    }
    for (name, value) in
        [("mappings_missed", coverage.mappings_missed), ("no_memory", coverage.no_memory)]
    {
        if value {
            fields.field(writer, name);
            writer.text("true");
        }
    }
    fields.end(writer);
}

/// Writes a pointer into a freed block as an error. It starts as [`record`](super::record) does.
pub fn dangling(
    facts: &LeakFacts<'_>,
    found: &Dangling,
    symbols: &mut dyn Symbolizer,
    writer: &mut Writer<'_>,
) {
    let mut object = Open::object(writer);
    object.field(writer, "count");
    writer.text("1");
    (1..COUNT_DIGITS).for_each(|_| {
        writer.text(" ");
    });
    object.text(writer, "kind", Kind::DanglingPointer.id().as_bytes());
    object.address(writer, "address", found.block.wrapping_add(found.offset));
    object.field(writer, "access");
    let mut access = Open::object(writer);
    access.text(writer, "type", b"unknown");
    access.text(writer, "found_by", facts.found_by.as_bytes());
    access.end(writer);
    object.field(writer, "block");
    let mut block = Open::object(writer);
    block.address(writer, "address", found.block);
    block.number(writer, "size", found.size as u64);
    block.number(writer, "offset", found.offset as u64);
    block.text(writer, "state", b"freed");
    let (allocated_by, freed_by) = found.threads;
    block.number(writer, "alloc_thread", allocated_by.into());
    block.number(writer, "free_thread", freed_by.into());
    block.end(writer);
    holder(&mut object, facts, found, symbols, writer);
    for (name, site) in [("alloc_stack", found.allocated_at), ("free_stack", found.freed_at)] {
        stack(&mut object, writer, symbols, name, (facts.stack)(site), None);
    }
    object.end(writer);
}

/// What holds the pointer.
fn holder(
    object: &mut Open,
    facts: &LeakFacts<'_>,
    found: &Dangling,
    symbols: &mut dyn Symbolizer,
    writer: &mut Writer<'_>,
) {
    object.field(writer, "holder");
    let mut fields = Open::object(writer);
    let kind: &[u8] = match found.holder {
        Holder::Global(_) => b"global",
        Holder::Stack(_) => b"stack",
        Holder::ThreadLocal(_) => b"thread-local",
        Holder::Register(_) => b"register",
        Holder::Registered => b"registered",
        Holder::Mapped => b"mapped",
        Holder::Block { .. } => b"block",
    };
    fields.text(writer, "type", kind);
    if found.at != 0 {
        fields.address(writer, "address", found.at);
    }
    match found.holder {
        Holder::Global(address) => symbols.variable(address, &mut |variable| {
            if let Some(name) = variable.name {
                fields.text(writer, "name", name.as_bytes());
                fields.number(writer, "offset", variable.offset as u64);
            }
            fields.text(writer, "module", variable.module);
        }),
        Holder::Stack(thread) | Holder::ThreadLocal(thread) | Holder::Register(thread) => {
            fields.number(writer, "tid", thread.into());
        }
        Holder::Registered | Holder::Mapped => {}
        Holder::Block { address, site, offset } => {
            fields.address(writer, "block", address);
            fields.number(writer, "offset", offset as u64);
            stack(&mut fields, writer, symbols, "stack", (facts.stack)(site), None);
        }
    }
    fields.end(writer);
}
