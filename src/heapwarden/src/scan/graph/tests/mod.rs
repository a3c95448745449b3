//! Small heaps with known answers ([`shapes`], [`pointers`]) and random ones against a plain
//! reference ([`model`]).

mod model;
mod pointers;
mod shapes;

use super::{Node, Request, Root, analyse};
use crate::leaks::facts::{Check, Holder, LeakKind, Record, Tally};
use crate::scan::area::Area;

/// Free bytes between blocks.
const GAP: usize = 16;

/// A heap in ordinary memory.
struct Heap {
    words: Vec<usize>,
    used: usize,
    nodes: Vec<Node>,
    roots: Vec<usize>,
    vtables: std::ops::Range<usize>,
}

impl Heap {
    fn new(words: usize) -> Heap {
        let (nodes, roots) = (Vec::new(), Vec::new());
        Heap { words: vec![0; words], used: 2, nodes, roots, vtables: 0..0 }
    }

    fn base(&self) -> usize {
        self.words.as_ptr() as usize
    }

    /// A block of `size` bytes; returns its address.
    fn block(&mut self, size: usize, site: u32) -> usize {
        self.block_with(size, site, 0)
    }

    fn block_with(&mut self, size: usize, site: u32, flags: u8) -> usize {
        let start = (self.base() + self.used * 8).next_multiple_of(16);
        self.used = (start + size + GAP - self.base()).div_ceil(8);
        assert!(self.used <= self.words.len(), "the test's heap is too small");
        let thread = self.nodes.len() as u16;
        self.nodes.push(Node::new(start, size, site, thread, flags));
        start
    }

    fn write(&mut self, at: usize, value: usize) {
        let index = (at - self.base()) / 8;
        self.words[index] = value;
    }

    fn check(&mut self, dangling: bool, then: impl FnOnce(&Check)) {
        let start = self.roots.as_ptr() as usize;
        let end = start + self.roots.len() * 8;
        self.check_from(&[Root { start, end, holder: Holder::Global(0) }], dangling, then);
    }

    fn check_from(&mut self, roots: &[Root], dangling: bool, then: impl FnOnce(&Check)) {
        let memory = Area::new(0).expect("memory");
        let vtables = self.vtables.clone();
        let is_vtable = |address: usize| vtables.contains(&address);
        let nodes = &mut self.nodes[..];
        let more = &mut || &[][..];
        let memory = &memory;
        let request = Request { nodes, roots, more, memory, dangling, is_vtable: &is_vtable };
        // SAFETY: nodes and roots lie in vectors of the test.
        let check = unsafe { analyse(request) }.expect("memory");
        let listed = LeakKind::ALL.map(|kind| {
            let records = check.records.iter().filter(|record| record.kind == kind);
            records.fold(Tally::default(), |sum, record| Tally {
                bytes: sum.bytes + record.own.bytes,
                blocks: sum.blocks + record.own.blocks,
            })
        });
        assert_eq!(listed, check.totals, "the records add up");
        let retained: u64 = check.records.iter().map(|record| record.retained.bytes).sum();
        assert_eq!(retained, check.totals[LeakKind::Indirect as usize].bytes, "each block once");
        then(&check);
    }

    /// Checks, and compares the numbers of blocks of each kind.
    fn expect(&mut self, blocks: [u64; 4], then: impl FnOnce(&Check)) {
        self.check(false, |check| {
            let some = &check.records[..check.records.len().min(8)];
            assert_eq!(check.totals.map(|tally| tally.blocks), blocks, "{some:?}");
            then(check);
        });
    }
}

fn tally(bytes: u64, blocks: u64) -> Tally {
    Tally { bytes, blocks }
}

/// The only record of a call site.
fn record<'a>(check: &'a Check, site: u32) -> &'a Record {
    let mut of_site = check.records.iter().filter(|record| record.site == site);
    let first = of_site.next().expect("a record");
    assert!(of_site.next().is_none(), "one record");
    first
}
