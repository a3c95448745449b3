//! The blocks of the checked heap as nodes of the graph.
//!
//! What a chunk's header says counts when its check holds, what its record says when it does not. A
//! thread may have been stopped in the middle of `malloc`, `realloc` or `free`: a chunk that is just
//! being changed counts as reachable, with all of its slot, for what it holds must not be lost.
//! Cost: a header and a record read per slot; the pages of the list that are used.

use super::area::{Area, Zeroed};
use super::graph::Node;
use super::modules;
use crate::chunk::{HEADER_BYTES, Header, State};
use crate::evidence::{self, Record};
use crate::leaks::inherited;
use crate::site;
use core::ops::Range;
use core::sync::atomic::Ordering::Relaxed;
use heapwarden_core::{Held, Region};

/// What becomes a node.
pub struct Wanted<'a> {
    /// Freed blocks that wait in the quarantine, too.
    pub freed: bool,
    /// Call sites whose blocks are ignored, in order.
    pub suppressed: &'a [u32],
    /// The blocks that are not ignored, in order; `None` for all.
    pub only: Option<&'a [usize]>,
}

// SAFETY: numbers, and an enumeration whose first variant is 0.
unsafe impl Zeroed for Node {}

/// All blocks, by address. `None` when there is no memory.
#[expect(clippy::mut_from_ref, reason = "the list is cut off the memory once")]
pub fn gather<'a>(held: &Held, memory: &'a Area, wanted: Wanted<'_>) -> Option<&'a mut [Node]> {
    let mut most = 0;
    held.visit(&mut |region| {
        most += match region {
            Region::Slab { carved, .. } => *carved,
            Region::Block { .. } => 1,
        };
    });
    let nodes = memory.alloc_zeroed::<Node>(most)?;
    let mut list = List { nodes, count: 0, wanted, judge: Judge::new() };
    held.visit(&mut |region| match region {
        Region::Slab { first, slot_bytes, carved, extension } => {
            let records = *extension as *const Record;
            for number in 0..*carved {
                let slot = first + number * slot_bytes;
                // SAFETY: the slab's records, if it has any, have one per slot and stay with it.
                let record = unsafe { records.as_ref().map(|_| &*records.add(number)) };
                list.slot(slot, slot + slot_bytes, record);
            }
        }
        Region::Block { block, bytes, extension, .. } => {
            // SAFETY: the block's record, which goes when the block does.
            if let Some(record) = unsafe { (*extension as *const Record).as_ref() } {
                list.block(*block, *bytes, record);
            }
        }
    });
    let List { nodes, count, .. } = list;
    let nodes = nodes.get_mut(..count)?;
    if !nodes.is_sorted_by_key(|node| node.start) {
        nodes.sort_unstable_by_key(|node| node.start);
    }
    Some(nodes)
}

struct List<'a, 'w> {
    nodes: &'a mut [Node],
    count: usize,
    wanted: Wanted<'w>,
    judge: Judge,
}

impl List<'_, '_> {
    fn push(&mut self, node: Node) {
        if let Some(place) = self.nodes.get_mut(self.count) {
            *place = node;
            self.count += 1;
        }
    }

    /// A carved slot of a slab.
    fn slot(&mut self, slot: usize, end: usize, record: Option<&Record>) {
        // SAFETY: carved slots lie in slabs, whose memory is mapped.
        let header = unsafe { Header::read(slot) };
        if header.is_changing(slot) {
            return self.push(unsettled(slot, end));
        }
        if !header.is_valid(slot) {
            return self.damaged(slot, end, record);
        }
        match header.state() {
            State::Live => match payload(slot, end, header) {
                Some(payload) => self.live(payload, record),
                None => self.damaged(slot, end, record),
            },
            State::Quarantined => {
                if let Some(record) = record {
                    self.freed(slot, end, record);
                }
            }
            State::Never | State::Free => {}
        }
    }

    /// A large or direct block: its record says what it is.
    fn block(&mut self, block: usize, bytes: usize, record: &Record) {
        match record.state() {
            State::Live => {
                let start = block + record.shift.load(Relaxed) as usize;
                let end = start.saturating_add(record.size.load(Relaxed)).min(block + bytes);
                self.live(start..end, Some(record));
            }
            State::Quarantined | State::Free => self.freed(block, block + bytes, record),
            State::Never => {}
        }
    }

    fn live(&mut self, payload: Range<usize>, record: Option<&Record>) {
        // The record of a chunk that is just being handed out is still that of the one before.
        let known = record.filter(|record| record.state() == State::Live);
        let (site, thread, sequence) = known.map_or((0, u16::MAX, 0), |record| {
            let (site, thread) = (&record.allocated_at, &record.allocated_by);
            (site.load(Relaxed), thread.load(Relaxed), record.sequence.load(Relaxed))
        });
        let is_ignored = known.is_some_and(Record::is_ignored)
            || self.judge.ignores(site)
            || inherited::is(thread, sequence)
            || self.wanted.suppressed.binary_search(&site).is_ok()
            || self.wanted.only.is_some_and(|only| only.binary_search(&payload.start).is_err());
        let flags = if is_ignored { Node::IGNORED } else { 0 };
        self.push(Node::new(payload.start, payload.len(), site, thread, flags));
    }

    fn freed(&mut self, slot: usize, end: usize, record: &Record) {
        if !self.wanted.freed {
            return;
        }
        let start = slot + (record.shift.load(Relaxed) as usize).max(HEADER_BYTES);
        let size = record.size.load(Relaxed);
        if start.checked_add(size).is_some_and(|last| last <= end) {
            let site = record.allocated_at.load(Relaxed);
            let thread = record.allocated_by.load(Relaxed);
            self.push(Node::new(start, size, site, thread, Node::FREED));
        }
    }

    /// The header says nothing.
    fn damaged(&mut self, slot: usize, end: usize, record: Option<&Record>) {
        let Some(record) = record else { return self.push(unsettled(slot, end)) };
        if record.state() == State::Live {
            let start = slot + (record.shift.load(Relaxed) as usize).max(HEADER_BYTES);
            let last = start.saturating_add(record.size.load(Relaxed)).min(end);
            self.live(start..last.max(start), Some(record));
        }
    }
}

/// A chunk of which nothing is known: all of it counts as reachable.
fn unsettled(slot: usize, end: usize) -> Node {
    Node::new(slot + HEADER_BYTES, end - slot - HEADER_BYTES, 0, u16::MAX, Node::IGNORED)
}

/// Where the payload of a live slot lies; `None` when what its header leads to is damaged.
fn payload(slot: usize, end: usize, header: Header) -> Option<Range<usize>> {
    if !header.is_leading() {
        let last = end.checked_sub(header.slack())?;
        let start = slot + HEADER_BYTES;
        return (start <= last).then_some(start..last);
    }
    let start = slot + header.slack();
    if !start.is_multiple_of(HEADER_BYTES) || start <= slot || start > end {
        return None;
    }
    // SAFETY: within the slot, at a multiple of 8.
    let inner = unsafe { Header::read(start - HEADER_BYTES) };
    let last = end.checked_sub(inner.slack())?;
    (inner.is_valid(start - HEADER_BYTES) && start <= last).then_some(start..last)
}

/// Tells which call sites' blocks are nobody's leak: those that the dynamic loader allocated (its
/// tables, dynamic thread-local storage), and those of unknown origin.
struct Judge {
    loader: Range<usize>,
    last: (u32, bool),
}

impl Judge {
    fn new() -> Judge {
        Judge { loader: modules::loader(), last: (0, true) }
    }

    fn ignores(&mut self, site: u32) -> bool {
        if self.last.0 != site {
            let innermost = site::frames(site).first();
            let by_loader = innermost.is_some_and(|frame| self.loader.contains(&frame));
            self.last = (site, site == 0 || by_loader);
        }
        self.last.1
    }
}

/// Where and by which thread the freed block at `payload` was freed.
pub fn freed_by(payload: usize) -> Option<(u32, u16)> {
    let record = match heapwarden_core::place(payload) {
        Some(place) => evidence::existing_of_slot(&place)?,
        None => heapwarden_core::extension_of(payload).and_then(evidence::of_large)?,
    };
    Some((record.freed_at.load(Relaxed), record.freed_by.load(Relaxed)))
}
