//! With `on_error=continue`: the same bug from the same place is reported once, and counted.
//!
//! Same means: kind, stack of the access, and stack of the allocation. Cost of a repetition: a hash
//! over both stacks and one atomic add, no lock. When the table is full everything is reported.

use super::facts::Facts;
use super::process;
use crate::callsite::Stack;
use crate::text::{Sink, decimal};
use crate::text::{Writer, number};
use core::cell::UnsafeCell;
use core::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed},
};

const ENTRIES: usize = 1024;
/// Entries that are tried for a key.
const PROBES: usize = 32;
const PLACE_MAX: usize = 160;

struct Entry {
    /// 0 when the entry is free.
    key: AtomicU64,
    count: AtomicU64,
    details: UnsafeCell<Details>,
}

/// Written and read by the owner of the report lock.
#[derive(Clone, Copy)]
struct Details {
    /// The process that reported it; a child inherits the table.
    process: u32,
    /// Where the digits of its count are in the report file; 0 for nowhere.
    count_position: u64,
    /// The count as it was told last.
    told: u64,
    /// `KIND file:line in function`.
    place: [u8; PLACE_MAX],
    length: usize,
}

// SAFETY: the details belong to the owner of the report lock; the rest is atomic.
unsafe impl Sync for Entry {}

static TABLE: [Entry; ENTRIES] = [const {
    Entry {
        key: AtomicU64::new(0),
        count: AtomicU64::new(0),
        details: UnsafeCell::new(Details {
            process: 0,
            count_position: 0,
            told: 0,
            place: [0; PLACE_MAX],
            length: 0,
        }),
    }
}; ENTRIES];

/// Whether the table was ever used.
static USED: AtomicBool = AtomicBool::new(false);

/// The place of an error in the table.
#[derive(Clone, Copy)]
pub(super) struct Slot(Option<&'static Entry>);

/// Counts the error. Returns its slot if it is the first of its kind from its place.
pub(super) fn count(facts: &Facts<'_>) -> Option<Slot> {
    let key = key(facts);
    USED.store(true, Relaxed);
    for probe in 0..PROBES {
        let Some(entry) = TABLE.get((key as usize).wrapping_add(probe) % ENTRIES) else { break };
        // Acquire only orders the count behind the key; both are independent of other memory.
        let found = match entry.key.compare_exchange(0, key, Acquire, Acquire) {
            Ok(_) => 0,
            Err(other) => other,
        };
        if found == 0 || found == key {
            entry.count.fetch_add(facts.count.max(1), Relaxed);
            return (found == 0).then_some(Slot(Some(entry)));
        }
    }
    Some(Slot(None))
}

/// Whether nothing was counted yet.
pub(super) fn is_empty() -> bool {
    !USED.load(Relaxed)
}

/// Stirs a word into a hash.
fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn key(facts: &Facts<'_>) -> u64 {
    let allocated = facts.block.and_then(|block| block.allocated);
    let stacks = [facts.access_stack.into(), allocated.map_or(Stack::NONE, |event| event.frames)];
    let start = mix(u64::from(process::process_id()), facts.kind as u64 + 1);
    let hash = stacks.into_iter().fold(start, |hash, frames| {
        let hash = mix(hash, frames.len() as u64);
        frames.iter().fold(hash, |hash, address| mix(hash, address as u64))
    });
    // The best bits are the highest; 0 means free.
    (hash ^ hash >> 32) | 1
}

impl Slot {
    /// Notes what was reported, for the counts at the end. The caller owns the report lock.
    pub fn note(&self, process: u32, write: &mut dyn FnMut(&mut Writer<'_>)) {
        let Some(entry) = self.0 else { return };
        // SAFETY: the owner of the report lock is the only user.
        let details = unsafe { &mut *entry.details.get() };
        (details.process, details.told, details.length) = (process, 1, 0);
        let mut place = Place(details);
        write(&mut Writer::new(&mut place));
    }

    /// Notes where its count is in the report file. The caller owns the report lock.
    pub fn note_position(&self, position: u64) {
        if let Some(entry) = self.0 {
            // SAFETY: the owner of the report lock is the only user.
            unsafe { (*entry.details.get()).count_position = position };
        }
    }
}

struct Place<'a>(&'a mut Details);

impl Sink for Place<'_> {
    fn take(&mut self, text: &[u8]) {
        for byte in text {
            if let Some(cell) = self.0.place.get_mut(self.0.length) {
                *cell = *byte;
                self.0.length += 1;
            }
        }
    }
}

/// Tells the counts that grew: as lines of text, and to the report file by `patch`. The caller owns
/// the report lock.
pub(super) fn tell(
    process: u32,
    writer: &mut Writer<'_>,
    patch: &mut dyn FnMut(/* position */ u64, /* count */ u64),
) {
    for entry in &TABLE {
        let count = entry.count.load(Relaxed);
        // SAFETY: the caller owns the report lock.
        let details = unsafe { &mut *entry.details.get() };
        if details.process != process || count <= details.told {
            continue;
        }
        details.told = count;
        writer.text("==").put(number(process.into())).text("==Heapwarden: seen ");
        writer.put(decimal(count)).text(" times in all: ");
        writer.raw(details.place.get(..details.length).unwrap_or(&[])).end_line();
        if details.count_position != 0 {
            patch(details.count_position, count);
        }
    }
}
