//! From the program's memory to findings: which blocks can be reached and how, who leads the lost ones,
//! which cycles they form, and who points into freed blocks.
//!
//! Everything here is a function of blocks, roots and the memory that they name: it stops nobody, takes
//! no lock and no memory but the check's ([`Area`]), and recurses nowhere. Steps, each a module:
//! `index` (address to block), `mark` (what is reachable; keeps a `stack`, reads through `batch`, judges
//! pointers with `heuristics`, notes `dangling` ones), `lost` (the graph of the rest), `components`,
//! `leaders` and `cycles` (whom to blame), `records` (sums).

mod batch;
mod components;
mod cycles;
mod dangling;
mod heuristics;
mod index;
mod leaders;
mod list;
mod lost;
mod mark;
mod node;
mod records;
mod stack;
#[cfg(test)]
mod tests;

pub use node::{Node, Root};

use crate::leaks::facts::{Check, Coverage, LeakKind};
use crate::scan::area::Area;
use batch::Batch;
use dangling::Collector;
use index::Index;
use lost::Lost;
use mark::Marker;
use node::Mark;
use records::Records;
use stack::Stack;

/// What to analyse.
pub struct Request<'a, 'f> {
    /// All blocks, by address.
    pub nodes: &'a mut [Node],
    /// Where to start from.
    pub roots: &'a [Root],
    /// Where to start from besides if something is lost: roots that cost more to find.
    pub more: &'f mut dyn FnMut() -> &'a [Root],
    /// Where everything that is found is kept.
    pub memory: &'a Area,
    /// Whether pointers to freed blocks are wanted.
    pub dangling: bool,
    /// Whether an address can be that of a C++ table of virtual functions.
    pub is_vtable: &'f dyn Fn(usize) -> bool,
}

/// Analyses; `None` when there is no memory. Of the coverage only what was read and seen is filled
/// in, and of dangling pointers all that a [`Node`] knows.
///
/// # Safety
/// The nodes do not overlap and ascend; roots and blocks that are not freed can be read until it
/// returns.
pub unsafe fn analyse<'a>(request: Request<'a, '_>) -> Option<Check<'a>> {
    let Request { nodes, roots, more, memory, dangling, is_vtable } = request;
    let index: &Index = place(memory, Index::new(nodes, memory)?)?;
    let scratch = memory.alloc_zeroed::<u32>(nodes.len())?;
    let mut marker = Marker {
        nodes: &mut *nodes,
        batch: Batch::new(index, memory)?,
        stack: Stack::new(&mut *scratch),
        dangling: dangling.then(|| Collector::new(index, memory)),
        is_vtable,
        coverage: Coverage::default(),
    };
    // SAFETY: the caller's promise.
    unsafe {
        marker.mark_ignored();
        marker.mark_reachable(roots);
        if marker.is_anything_left() {
            marker.mark_reachable(more());
        }
        marker.mark_possible();
    }
    let Marker { mut coverage, dangling, .. } = marker;
    let (dangling, seen) = dangling.map_or((&[][..], 0), Collector::finish);
    coverage.dangling_pointers = seen;
    // SAFETY: the caller's promise.
    let lost = unsafe { Lost::read(nodes, index, scratch, memory) }?;
    let mut records = Records::new(memory)?;
    for node in nodes.iter().filter(|node| !node.is_freed()) {
        match node.mark {
            Mark::Lost => {}
            Mark::Reachable => records.add_block(LeakKind::Reachable, node)?,
            Mark::Inner | Mark::Possible => records.add_block(LeakKind::Possible, node)?,
        }
    }
    // SAFETY: the caller's promise.
    let edges = unsafe { leaders::attribute(nodes, &lost, &mut records, memory) }?;
    let totals = records.totals;
    Some(Check { totals, records: records.finish()?, edges, dangling, coverage })
}

/// Puts a value into the memory of the check.
fn place<T>(memory: &Area, value: T) -> Option<&T> {
    let mut list = list::List::new(memory);
    list.push(value)?;
    list.finish().first()
}
