//! Pointers from reachable memory into freed blocks.
//!
//! All are counted, some are kept: those in variables and blocks before those in stacks and registers,
//! which are full of old values, and not more than a few of the same kind.

use super::batch::Hit;
use super::index::Index;
use super::list::List;
use super::{Node, Root};
use crate::leaks::facts::{Dangling, Holder};
use crate::scan::area::Area;

/// How many are kept of either sort, and told.
const KEPT_MAX: usize = 64;
/// How many are kept with the same holder and the same origin.
const ALIKE_MAX: usize = 4;

/// The pointers found so far.
pub struct Collector<'a> {
    index: &'a Index<'a>,
    firm: List<'a, Dangling>,
    stale: List<'a, Dangling>,
    seen: u64,
}

impl<'a> Collector<'a> {
    /// None yet.
    pub fn new(index: &'a Index<'a>, memory: &'a Area) -> Self {
        Self { index, firm: List::new(memory), stale: List::new(memory), seen: 0 }
    }

    /// Notes a pointer to a freed block, found in a root or, without one, in a block.
    #[cold]
    pub fn note(&mut self, nodes: &[Node], hit: Hit, root: Option<&Root>) {
        self.seen += 1;
        let holder = match root {
            Some(root) => holder_in(root, hit.at),
            None => match self.index.find(nodes, hit.at) {
                Some(number) => {
                    let Node { start, site, .. } = nodes[number as usize];
                    Holder::Block { address: start, site, offset: hit.at - start }
                }
                None => return,
            },
        };
        let is_register = matches!(holder, Holder::Register(_));
        let is_stale = is_register || matches!(holder, Holder::Stack(_));
        let kept = if is_stale { &mut self.stale } else { &mut self.firm };
        let freed = &nodes[hit.node as usize];
        let found = Dangling {
            holder,
            at: if is_register { 0 } else { hit.at },
            block: freed.start,
            size: freed.size,
            offset: hit.word - freed.start,
            allocated_at: freed.site,
            freed_at: 0,
            threads: (freed.thread, 0),
        };
        let alike = kept.as_slice().iter().filter(|other| are_alike(other, &found)).count();
        if kept.as_slice().len() < KEPT_MAX && alike < ALIKE_MAX {
            // Without memory it is only counted.
            let _ = kept.push(found);
        }
    }

    /// Those kept, and how many there were.
    pub fn finish(mut self) -> (&'a [Dangling], u64) {
        for found in self.stale.as_slice() {
            if self.firm.as_slice().len() == KEPT_MAX || self.firm.push(*found).is_none() {
                break;
            }
        }
        (self.firm.finish(), self.seen)
    }
}

/// The holder of a word of a root.
fn holder_in(root: &Root, at: usize) -> Holder {
    match root.holder {
        Holder::Global(_) => Holder::Global(at),
        other => other,
    }
}

/// Whether two pointers are likely the work of the same lines of code.
fn are_alike(one: &Dangling, other: &Dangling) -> bool {
    let same_holder = match (one.holder, other.holder) {
        (
            Holder::Block { site, offset, .. },
            Holder::Block { site: site2, offset: offset2, .. },
        ) => site == site2 && offset == offset2,
        (one, other) => one == other,
    };
    same_holder && one.allocated_at == other.allocated_at
}
