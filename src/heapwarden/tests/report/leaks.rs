//! Made-up checks with made-up names.

use super::{ACCESS, ALLOCATED, BLOCK, FREED};
use heapwarden::callsite::Stack;
use heapwarden::leaks::Level;
use heapwarden::leaks::facts::{Check, Coverage, Dangling, Edge, Holder, LeakKind, Record, Tally};
use heapwarden::report::LeakFacts;

pub const fn tally(bytes: u64, blocks: u64) -> Tally {
    Tally { bytes, blocks }
}

/// The stacks of call sites 1 to 3; 0 is unknown.
pub fn stack(site: u32) -> Stack<'static> {
    Stack::Frames(match site {
        1 => ALLOCATED,
        2 => ACCESS,
        3 => FREED,
        _ => &[],
    })
}

pub const COVERAGE: Coverage = Coverage {
    threads_stopped: 3,
    threads_missed: 0,
    mappings_missed: false,
    no_memory: false,
    pause_nanoseconds: 1_250_000,
    elapsed_nanoseconds: 4_000,
    root_bytes: 1536,
    block_bytes: 4 << 20,
    dangling_pointers: 0,
};

pub fn record(kind: LeakKind, site: u32, own: Tally) -> Record {
    Record { kind, site, own, retained: Tally::default(), example: BLOCK, thread: 0, cycle: 0..0 }
}

/// A ring of two blocks, a list, a block in the middle of which a pointer leads, and one that is
/// reachable.
pub fn records() -> Vec<Record> {
    vec![
        Record {
            retained: tally(64, 2),
            thread: 3,
            ..record(LeakKind::Definite, 1, tally(1056, 1))
        },
        Record { cycle: 0..2, ..record(LeakKind::Definite, 2, tally(48, 2)) },
        record(LeakKind::Possible, 0, tally(1, 1)),
        record(LeakKind::Indirect, 3, tally(64, 2)),
        record(LeakKind::Reachable, 1, tally(12_288, 14)),
    ]
}

pub const EDGES: [Edge; 2] = [
    Edge { from: BLOCK, from_site: 1, offset: 16, to: BLOCK + 32, to_offset: 0 },
    Edge { from: BLOCK + 32, from_site: 2, offset: 0, to: BLOCK, to_offset: 8 },
];

pub const TOTALS: [Tally; 4] = [tally(1104, 3), tally(64, 2), tally(1, 1), tally(12_288, 14)];

/// One block with pointers from everywhere, and another one.
pub fn dangling() -> Vec<Dangling> {
    let at = |holder, at| Dangling {
        holder,
        at,
        block: BLOCK,
        size: 24,
        offset: 4,
        allocated_at: 1,
        freed_at: 3,
        threads: (0, 2),
    };
    vec![
        at(Holder::Global(0x5500_0000_5010), 0x5500_0000_5010),
        at(Holder::Stack(45), 0x7f00_0000_5000),
        at(Holder::ThreadLocal(45), 0x7f00_0000_6000),
        at(Holder::Register(46), 0),
        at(Holder::Registered, 0x7f00_0000_7000),
        at(Holder::Block { address: BLOCK + 64, site: 1, offset: 8 }, BLOCK + 72),
        Dangling {
            block: BLOCK + 128,
            offset: 0,
            freed_at: 0,
            ..at(Holder::Stack(46), 0x7f00_0000_8000)
        },
    ]
}

pub fn check<'a>(records: &'a [Record], dangling: &'a [Dangling]) -> Check<'a> {
    Check { totals: TOTALS, records, edges: &EDGES, dangling, coverage: COVERAGE }
}

pub fn nothing() -> Check<'static> {
    Check {
        totals: [Tally::default(), Tally::default(), Tally::default(), tally(12_288, 14)],
        records: &[],
        edges: &[],
        dangling: &[],
        coverage: COVERAGE,
    }
}

pub fn facts<'a>(check: &'a Check<'a>) -> LeakFacts<'a> {
    LeakFacts {
        check,
        stack,
        hidden: &[],
        change: None,
        found_by: "exit check",
        level: Level::Summary,
        top: 10,
        asked: false,
    }
}
