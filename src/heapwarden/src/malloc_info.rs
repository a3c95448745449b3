//! `malloc_info`: the heap as XML, with the elements that readers of glibc's know, and our bins.
//!
//! glibc lists free chunks per arena; our bins belong to no single arena, so their sizes stand
//! before the arenas (`heap` elements) and not inside them.

use crate::facts::Facts;
use crate::text::{Sink, Writer, number};
use heapwarden_core::size_class;
use heapwarden_core::statistics::Statistics;

/// Gathers the facts and writes them to `sink`.
pub(crate) fn print(sink: &mut dyn Sink) {
    let facts = Facts::gather();
    write(&mut Writer::new(sink), &facts);
}

fn write(writer: &mut Writer<'_>, facts: &Facts) {
    writer.text("<malloc version=\"1\">").end_line();
    let mut cached = Free::default();
    let mut rest = Free::default();
    writer.text("<sizes>").end_line();
    for bin in facts.bins() {
        let size = u64::from(bin.slot_bytes);
        let free = bin.slots.saturating_sub(bin.live);
        element(
            writer,
            "size",
            &[
                ("from", below(bin.class) + 1),
                ("to", size),
                ("total", free * size),
                ("count", free),
                ("cached", bin.cached),
                ("live", bin.live),
                ("slabs", bin.slabs.into()),
            ],
        );
        cached.add(bin.cached, size);
        rest.add(free.saturating_sub(bin.cached), size);
    }
    writer.text("</sizes>").end_line();
    arenas(writer, facts);
    rest.bytes += facts.totals.free_run_bytes;
    totals(writer, &facts.totals, &cached, &rest);
    writer.text("</malloc>").end_line();
}

/// The slot size of the class before.
fn below(class: u8) -> u64 {
    let before = usize::from(class).saturating_sub(1);
    size_class::TABLE.get(before).map_or(0, |row| row.slot_bytes.into())
}

/// Free blocks of one kind.
#[derive(Default)]
struct Free {
    blocks: u64,
    bytes: u64,
}

impl Free {
    fn add(&mut self, blocks: u64, size: u64) {
        self.blocks += blocks;
        self.bytes += blocks * size;
    }
}

fn arenas(writer: &mut Writer<'_>, facts: &Facts) {
    for arena in facts.arenas() {
        writer.text("<heap nr=\"").put(number(arena.index.into())).text("\">").end_line();
        typed(writer, "system", "current", &[("size", arena.mapped_bytes)]);
        typed(writer, "aspace", "total", &[("size", arena.mapped_bytes)]);
        typed(writer, "live", "current", &[("size", arena.live_bytes)]);
        typed(writer, "lock", "contended", &[("count", arena.contended)]);
        writer.text("</heap>").end_line();
    }
}

fn totals(writer: &mut Writer<'_>, totals: &Statistics, cached: &Free, rest: &Free) {
    typed(writer, "total", "fast", &[("count", cached.blocks), ("size", cached.bytes)]);
    typed(writer, "total", "rest", &[("count", rest.blocks), ("size", rest.bytes)]);
    let mapped = [("count", totals.direct_blocks), ("size", totals.direct_bytes)];
    typed(writer, "total", "mmap", &mapped);
    typed(writer, "system", "current", &[("size", totals.mapped_bytes)]);
    typed(writer, "system", "max", &[("size", totals.mapped_peak_bytes)]);
    typed(writer, "aspace", "total", &[("size", totals.mapped_bytes)]);
    typed(writer, "aspace", "mprotect", &[("size", totals.mapped_bytes)]);
}

fn typed(writer: &mut Writer<'_>, name: &str, kind: &str, values: &[(&str, u64)]) {
    writer.text("<").text(name).text(" type=\"").text(kind).text("\"");
    attributes(writer, values);
}

fn element(writer: &mut Writer<'_>, name: &str, values: &[(&str, u64)]) {
    writer.text("<").text(name);
    attributes(writer, values);
}

fn attributes(writer: &mut Writer<'_>, values: &[(&str, u64)]) {
    for (name, value) in values {
        writer.text(" ").text(name).text("=\"").put(number(*value)).text("\"");
    }
    writer.text("/>").end_line();
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapwarden_core::statistics::{ArenaStatistics, BinStatistics};

    #[test]
    fn the_elements_are_nested_and_summed() {
        let totals =
            Statistics { free_run_bytes: 8192, mapped_bytes: 1 << 22, ..Default::default() };
        let bin = |class: u8, slots, live, cached| BinStatistics {
            class,
            slot_bytes: u32::from(class) * 16,
            slots,
            live,
            cached,
            ..Default::default()
        };
        let bins = [bin(1, 10, 4, 1), bin(2, 0, 0, 0), bin(3, 5, 5, 0)];
        let arenas = [ArenaStatistics { index: 3, mapped_bytes: 1 << 22, ..Default::default() }];
        let mut taken = Vec::new();
        write(&mut Writer::new(&mut taken), &Facts::of(totals, &arenas, &bins));
        let expected = r#"<malloc version="1">
<sizes>
<size from="1" to="16" total="96" count="6" cached="1" live="4" slabs="0"/>
<size from="33" to="48" total="0" count="0" cached="0" live="5" slabs="0"/>
</sizes>
<heap nr="3">
<system type="current" size="4194304"/>
<aspace type="total" size="4194304"/>
<live type="current" size="0"/>
<lock type="contended" count="0"/>
</heap>
<total type="fast" count="1" size="16"/>
<total type="rest" count="5" size="8272"/>
<total type="mmap" count="0" size="0"/>
<system type="current" size="4194304"/>
<system type="max" size="0"/>
<aspace type="total" size="4194304"/>
<aspace type="mprotect" size="4194304"/>
</malloc>
"#;
        assert_eq!(String::from_utf8(taken).unwrap(), expected);
    }
}
