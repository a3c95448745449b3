//! Large and direct blocks that wait in quarantine.
//!
//! A direct block gives its pages back and is made inaccessible, so that any access faults. A run of
//! pages is filled, which is cheapest; a very large one is made inaccessible too. Its pages are given
//! back, unless most of them are in use and all of it is a small part of the heap: then they are
//! filled and kept, for to fault them in again would take ten times as long.
//! Cost: a fill and its verification; or two system calls that grow with the pages.

use super::{find, give_back};
use crate::checked::settings::{Settings, settings};
use crate::checked::verify;
use crate::chunk::{State, fill};
use crate::evidence::Record;
use crate::quarantine::fifo::{Entry, Fifo};
use heapwarden_core::os::{PAGE, mapping};
use heapwarden_core::{BlockKind, Located};

/// What waits.
pub static DEEP: Fifo = Fifo::new();

/// The most blocks that wait here: each holds address space.
const WAITING_MAX: usize = 256;
/// Bytes of runs that wait in profiles without a shared queue: no free may be unchecked.
const BUDGET_MIN: usize = 512 * 1024;
/// Up to this size a run is filled while it waits. A larger one is made inaccessible.
pub const FILLED_MAX: usize = 2 * 1024 * 1024;
/// What a block without pages counts for.
const EMPTY_BYTES: usize = PAGE;
/// An inaccessible run keeps its pages if it is at most this part of all that is mapped.
const KEPT_PART: usize = 16;

/// A block that was freed waits.
///
/// # Safety
/// The block is the caller's.
pub unsafe fn wait(settings: &Settings, found: &Located, record: &Record) {
    let bytes = found.size;
    let budget = BUDGET_MIN.max(settings.fifo_bytes / 4);
    // SAFETY: the block is the caller's.
    let counted = unsafe {
        if found.kind == BlockKind::Direct || bytes > FILLED_MAX && !is_worth_its_pages(found) {
            mapping::seal(found.block, bytes);
            EMPTY_BYTES
        } else {
            fill::write(found.block, found.block + bytes, settings.free_fill);
            if bytes > FILLED_MAX {
                mapping::close(found.block, bytes);
            } else {
                record.note_filled();
            }
            bytes
        }
    };
    if DEEP.push(&[Entry { address: found.block, bytes: counted }]) == 0 {
        // SAFETY: not queued, so still the caller's.
        return unsafe { leave(settings, found.block) };
    }
    // The newest waits in any case.
    drain(settings, budget.max(counted), WAITING_MAX);
}

/// Whether a run had better keep its pages while it waits.
fn is_worth_its_pages(found: &Located) -> bool {
    let few = found.size <= mapping::traffic().mapped as usize / KEPT_PART;
    few && mapping::resident(found.block, found.size) >= found.size / 2
}

fn drain(settings: &Settings, budget: usize, most: usize) {
    let mut out = [Entry::default(); 8];
    loop {
        let count = DEEP.take_beyond(budget, most, &mut out);
        for entry in &out[..count] {
            // SAFETY: taken out of the queue, so this thread's.
            unsafe { leave(settings, entry.address) };
        }
        if count < out.len() {
            return;
        }
    }
}

/// There is no memory: all that waits leaves.
pub fn drain_all() {
    drain(settings(), 0, 0);
}

/// A block leaves the quarantine: fill that could be written to is verified, and the core gets it.
///
/// # Safety
/// The block waited, and is the caller's.
unsafe fn leave(settings: &Settings, base: usize) {
    let Some((found, _, record)) = find(base) else { return };
    let filled = record.state() == State::Quarantined;
    // SAFETY: the block is the caller's; a filled run's pages are readable.
    unsafe {
        if filled && !fill::holds(base, base + found.size, settings.free_fill) {
            verify::report_large_fill(&found);
        }
        let closed = !filled && found.kind == BlockKind::Large;
        if closed && !mapping::unseal(base, found.size) {
            // Nobody could use these pages: they stay as they are.
            return;
        }
        give_back(base);
    }
}
