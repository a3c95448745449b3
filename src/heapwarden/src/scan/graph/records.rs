//! Records: one per kind and call site, and one per sort of cycle.
//!
//! A hash table of numbers of records, at most half full. Two cycles are of one sort if their blocks
//! come from the same call sites; a set of sites is known by its 63-bit hash, and a clash would put two
//! cycles into one record.

use super::Node;
use super::list::List;
use crate::leaks::facts::{LeakKind, Record, Tally};
use crate::scan::area::Area;

/// What blocks are counted together by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(u64);

impl Key {
    /// The blocks of a kind from a call site.
    pub fn of_site(kind: LeakKind, site: u32) -> Key {
        Key((kind as u64) << 32 | u64::from(site))
    }

    /// The cycles whose set of call sites has this hash.
    pub fn of_cycle(hash: u64) -> Key {
        Key(hash | 1 << 63)
    }
}

/// The records so far.
pub struct Records<'a> {
    memory: &'a Area,
    list: List<'a, (Key, Record)>,
    /// Numbers of records, from 1; 0 is free.
    table: &'a mut [u32],
    /// Sums by kind.
    pub totals: [Tally; 4],
}

impl Tally {
    /// Adds a block.
    pub fn add(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.blocks += 1;
    }

    fn merge(&mut self, other: Tally) {
        self.bytes += other.bytes;
        self.blocks += other.blocks;
    }
}

impl<'a> Records<'a> {
    /// No records. `None` when there is no memory.
    pub fn new(memory: &'a Area) -> Option<Self> {
        let table = memory.alloc_zeroed(1024)?;
        Some(Self { memory, list: List::new(memory), table, totals: Default::default() })
    }

    /// Counts one block.
    pub fn add_block(&mut self, kind: LeakKind, node: &Node) -> Option<()> {
        let mut own = Tally::default();
        own.add(node.size);
        self.add(Key::of_site(kind, node.site), kind, node, own, Tally::default()).map(|_| ())
    }

    /// Counts blocks of which `example` is one. Returns the record, and whether it is new.
    pub fn add(
        &mut self,
        key: Key,
        kind: LeakKind,
        example: &Node,
        own: Tally,
        retained: Tally,
    ) -> Option<(&mut Record, bool)> {
        self.totals[kind as usize].merge(own);
        let (place, is_new) = match self.find(key) {
            Ok(place) => (place, false),
            Err(free) => {
                let record = Record {
                    kind,
                    site: example.site,
                    own: Tally::default(),
                    retained: Tally::default(),
                    example: example.start,
                    thread: example.thread,
                    cycle: 0..0,
                };
                let place = self.list.push((key, record))?;
                self.table[free] = place as u32 + 1;
                if 2 * (place + 1) > self.table.len() {
                    self.rebuild()?;
                }
                (place, true)
            }
        };
        let record = &mut self.list.as_mut_slice()[place].1;
        record.own.merge(own);
        record.retained.merge(retained);
        // A cycle's example is where its edges begin.
        if key.0 >> 63 == 0 && example.start < record.example {
            (record.example, record.thread) = (example.start, example.thread);
        }
        Some((record, is_new))
    }

    /// The place of the record with that key, or where in the table it would be entered.
    fn find(&self, key: Key) -> Result<usize, usize> {
        let mask = self.table.len() - 1;
        let mut at = (key.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & mask;
        loop {
            match self.table[at].checked_sub(1) {
                None => return Err(at),
                Some(place) if self.list.as_slice()[place as usize].0 == key => {
                    return Ok(place as usize);
                }
                Some(_) => at = (at + 1) & mask,
            }
        }
    }

    fn rebuild(&mut self) -> Option<()> {
        self.table = self.memory.alloc_zeroed(2 * self.table.len())?;
        for place in 0..self.list.as_slice().len() {
            if let Err(free) = self.find(self.list.as_slice()[place].0) {
                self.table[free] = place as u32 + 1;
            }
        }
        Some(())
    }

    /// The records, most bytes first. `None` when there is no memory.
    pub fn finish(mut self) -> Option<&'a [Record]> {
        self.list.as_mut_slice().sort_unstable_by_key(|(_, record)| {
            let bytes = record.own.bytes + record.retained.bytes;
            (core::cmp::Reverse(bytes), record.kind, record.site, record.example)
        });
        let mut records = List::new(self.memory);
        for (_, record) in self.list.as_slice() {
            records.push(record.clone())?;
        }
        Some(records.finish())
    }
}
