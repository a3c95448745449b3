//! The statistics as a page of text: `stats=1` at exit, and `malloc_stats`.

use crate::checked;
use crate::facts::Facts;
use crate::guard::shortage;
use crate::text::{Sink, Writer, bytes, decimal, number, percent};
use heapwarden_core::statistics::Statistics;

/// Gathers the facts and writes them to `sink`.
pub(crate) fn print(sink: &mut dyn Sink) {
    let facts = Facts::gather();
    let mut writer = Writer::new(sink);
    title(&mut writer);
    write(&mut writer, &facts);
}

fn title(writer: &mut Writer<'_>) {
    let mut name = [0u8; 16];
    // SAFETY: the kernel writes the thread's name, at most 16 bytes with its NUL.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    let name = name.split(|byte| *byte == 0).next().unwrap_or(&[]);
    // SAFETY: takes nothing.
    let process = unsafe { libc::getpid() };
    writer.text("heapwarden: statistics of process ").put(number(process as u64));
    writer.text(" (").raw(name).text(")").end_line();
}

fn write(writer: &mut Writer<'_>, facts: &Facts) {
    requests(writer, &facts.totals);
    kernel(writer, &facts.totals);
    fragmentation(writer, &facts.totals);
    arenas(writer, facts);
    bins(writer, facts);
}

/// Starts a line of the totals: values stand one below the other.
fn row<'a, 'b>(writer: &'a mut Writer<'b>, name: &str) -> &'a mut Writer<'b> {
    const VALUES: usize = 16;
    writer.left(name, VALUES)
}

fn requests(writer: &mut Writer<'_>, totals: &Statistics) {
    let line = row(writer, "operations");
    line.put(decimal(totals.allocations)).text(" allocations, ");
    line.put(decimal(totals.frees)).text(" frees").end_line();

    let line = row(writer, "live");
    line.put(bytes(totals.live_bytes)).text(" in ").put(decimal(totals.live_blocks));
    line.text(" blocks, at most ").put(bytes(totals.peak_bytes)).end_line();

    if totals.waiting_blocks > 0 || checked::settings().active {
        let line = row(writer, "quarantine");
        line.put(bytes(totals.waiting_bytes)).text(" in ").put(decimal(totals.waiting_blocks));
        line.text(" freed blocks that wait").end_line();
    }

    if checked::settings().guards {
        let counts = shortage::counts();
        let line = row(writer, "guarded");
        line.put(decimal(counts.guarded)).text(" blocks, ").put(decimal(counts.refused));
        line.text(" had to do without guard pages").end_line();
    }

    let line = row(writer, "direct");
    line.put(bytes(totals.direct_bytes)).text(" in ").put(decimal(totals.direct_blocks));
    line.text(" blocks with a mapping of their own").end_line();
}

fn kernel(writer: &mut Writer<'_>, totals: &Statistics) {
    let line = row(writer, "mapped");
    line.put(bytes(totals.mapped_bytes)).text(", at most ").put(bytes(totals.mapped_peak_bytes));
    line.text("; the heap's own tables ").put(bytes(totals.metadata_bytes)).end_line();

    let line = row(writer, "kernel");
    line.put(bytes(totals.from_kernel_bytes)).text(" taken, ");
    line.put(bytes(totals.to_kernel_bytes)).text(" given back").end_line();

    let calls = &totals.system_calls;
    let line = row(writer, "system calls");
    for (name, count) in [
        ("mmap ", calls.mmap),
        (", munmap ", calls.munmap),
        (", madvise ", calls.madvise),
        (", mremap ", calls.mremap),
        (", mprotect ", calls.mprotect),
        (", futex ", calls.futex),
        (", other ", calls.other),
    ] {
        line.text(name).put(decimal(count));
    }
    line.end_line();
}

fn fragmentation(writer: &mut Writer<'_>, totals: &Statistics) {
    let lost = totals.granted_bytes.saturating_sub(totals.requested_bytes);
    let line = row(writer, "fragmentation");
    line.text("internal ").put(percent(lost, totals.granted_bytes));
    line.text(" (").put(bytes(totals.requested_bytes)).text(" asked for, ");
    line.put(bytes(totals.granted_bytes)).text(" granted)").end_line();

    let scattered = totals.free_run_bytes.saturating_sub(totals.largest_free_run);
    let line = row(writer, "");
    line.text("external ").put(percent(scattered, totals.free_run_bytes));
    line.text(" (").put(bytes(totals.free_run_bytes)).text(" in free runs, the largest has ");
    line.put(bytes(totals.largest_free_run)).text(")").end_line();

    let line = row(writer, "threads");
    line.put(decimal(totals.threads.into())).text(", arenas ");
    line.put(decimal(totals.arenas.into())).end_line();
}

fn arenas(writer: &mut Writer<'_>, facts: &Facts) {
    const HEADINGS: [&str; 10] = [
        "arena",
        "heaps",
        "threads",
        "mapped",
        "live",
        "contended",
        "refills",
        "flushes",
        "splits",
        "coalesced",
    ];
    headings(writer, &HEADINGS);
    for arena in facts.arenas() {
        let cells = [
            number(arena.index.into()),
            decimal(arena.heaps.into()),
            decimal(arena.threads.into()),
            bytes(arena.mapped_bytes),
            bytes(arena.live_bytes),
            decimal(arena.contended),
            decimal(arena.refills),
            decimal(arena.flushes),
            decimal(arena.splits),
            decimal(arena.coalesces),
        ];
        cells.iter().for_each(|cell| {
            writer.cell(cell.as_bytes());
        });
        writer.end_line();
    }
}

fn bins(writer: &mut Writer<'_>, facts: &Facts) {
    const HEADINGS: [&str; 7] =
        ["slot bytes", "slabs", "slots", "live", "cached", "used", "requests"];
    headings(writer, &HEADINGS);
    for bin in facts.bins() {
        let cells = [
            decimal(bin.slot_bytes.into()),
            decimal(bin.slabs.into()),
            decimal(bin.slots),
            decimal(bin.live),
            decimal(bin.cached),
            percent(bin.live, bin.slots),
            decimal(bin.allocations),
        ];
        cells.iter().for_each(|cell| {
            writer.cell(cell.as_bytes());
        });
        writer.end_line();
    }
}

fn headings(writer: &mut Writer<'_>, names: &[&str]) {
    writer.end_line();
    for name in names {
        writer.cell(name.as_bytes());
    }
    writer.end_line();
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapwarden_core::statistics::{ArenaStatistics, BinStatistics};

    fn page(facts: &Facts) -> String {
        let mut taken = Vec::new();
        write(&mut Writer::new(&mut taken), facts);
        String::from_utf8(taken).unwrap()
    }

    #[test]
    fn every_figure_has_its_place() {
        let mut totals =
            Statistics { allocations: 1_234_567, frees: 1_234_000, ..Default::default() };
        (totals.live_bytes, totals.live_blocks, totals.peak_bytes) = (3 << 20, 567, 5 << 20);
        (totals.waiting_bytes, totals.waiting_blocks) = (2 << 10, 3);
        (totals.requested_bytes, totals.granted_bytes) = (900, 1000);
        (totals.free_run_bytes, totals.largest_free_run) = (4 << 20, 3 << 20);
        totals.system_calls.mmap = 7;
        let arena = ArenaStatistics { heaps: 2, mapped_bytes: 8 << 20, ..Default::default() };
        let bin = BinStatistics { slot_bytes: 1024, slots: 64, live: 16, ..Default::default() };
        let text = page(&Facts::of(totals, &[arena], &[BinStatistics::default(), bin]));
        for line in [
            "operations      1,234,567 allocations, 1,234,000 frees",
            "live            3 MiB in 567 blocks, at most 5 MiB",
            "quarantine      2 KiB in 3 freed blocks that wait",
            "fragmentation   internal 10.0 % (900 B asked for, 1000 B granted)",
            "                external 25.0 % (4 MiB in free runs, the largest has 3 MiB)",
            "          0          2          0      8 MiB        0 B          0          0          \
             0          0          0",
            "      1,024          0         64         16          0     25.0 %          0",
        ] {
            assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
        }
        assert!(text.contains("mmap 7, munmap 0"), "{text}");
        assert!(
            !text.contains("\n          0          0          0          0          0        -")
        );
    }

    #[test]
    fn headings_and_cells_end_in_the_same_column() {
        let arena = ArenaStatistics { index: 7, ..Default::default() };
        let bin = BinStatistics { slot_bytes: 16, slots: 1, ..Default::default() };
        let text = page(&Facts::of(Statistics::default(), &[arena], &[bin]));
        let tables: Vec<&str> = text.split("\n\n").skip(1).collect();
        assert_eq!(tables.len(), 2, "{text}");
        for table in tables {
            let lengths: Vec<usize> = table.trim_end().lines().map(str::len).collect();
            assert_eq!(lengths[0], lengths[1], "{table}");
        }
    }
}
