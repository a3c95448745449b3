//! Accounting per call site: how much was ever allocated there, what is live, what was live at most,
//! and how many blocks were freed again at once.
//!
//! While the process has one thread it counts in sums that lie beside the stack itself ([`Sums`]).
//! With several, each counts in a table of its own ([`Tallies`]), which only it writes to, without an
//! atomic read-modify-write, and what a table has no room for goes to the sums. A reader adds the two
//! up and needs to stop nobody. An ended thread's table stays, and the next new thread goes on counting
//! in it. Live blocks are not counted: their records say where they come from, and the heap is walked
//! for them.
//!
//! Exact: allocations, bytes and short-lived blocks, but for those of calls under way (and those of a
//! signal handler that interrupts a count of its own thread); live blocks and bytes, of threads that
//! rest. Peaks are exact while one thread allocates and frees; with several, each may be ahead of or
//! behind the sums by [`STEP`] bytes, so a peak is right up to that times their number.
//! Cost: some 20 instructions per allocation and per free, twice that with several threads; 64 KiB a
//! thread, 40 bytes a call site.

mod live;
mod sums;
mod tallies;
mod tally;

pub(super) use sums::Sums;
pub use tallies::Tallies;

use super::sites;
use crate::checked;
use crate::chunk::Alone;
use crate::unwind;
use heapwarden_core::RawMutex;

/// A block is short-lived if the thread that allocated it frees it before it has allocated this many
/// more.
pub const SHORT_LIFE: u32 = 16;

/// How far a thread's live bytes of a call site may move before the shared sum hears of it.
pub const STEP: i64 = 64 * 1024;

/// What is known of one call site, or of all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Blocks that were allocated, in all.
    pub allocations: u64,
    /// Their requested bytes, and what resizing in place added to them.
    pub bytes: u64,
    /// Blocks that are live.
    pub live_blocks: u64,
    /// Their bytes.
    pub live_bytes: u64,
    /// The most bytes that were live at once.
    pub peak_bytes: u64,
    /// Blocks that were freed within [`SHORT_LIFE`] allocations.
    pub short_lived: u64,
}

/// The sums of blocks whose call site is unknown.
static UNKNOWN: Sums = Sums::zero();
/// The sums over all call sites; of these only the peak is kept, the rest is added up.
static ALL: Sums = Sums::zero();

/// One visit at a time: each holds 16 bytes a call site.
static VISITING: RawMutex = RawMutex::new();

/// The sums of a call site, or of all if it is [`EVERYWHERE`].
#[inline(always)]
fn sums(site: u32) -> Option<&'static Sums> {
    match site {
        0 => Some(&UNKNOWN),
        EVERYWHERE => Some(&ALL),
        _ => sites::get(site).map(|site| &site.sums),
    }
}

/// In place of a call site: all of them.
const EVERYWHERE: u32 = u32::MAX;

/// A block was allocated; `alone` knows whether the process has one thread. Without a table of the thread's own it is counted in the shared sums.
#[inline(always)]
pub fn allocated(alone: Alone, tallies: Option<&Tallies>, site: u32, bytes: usize) {
    add(alone, tallies, site, 1, bytes as u64);
}

#[inline(always)]
fn add(alone: Alone, tallies: Option<&Tallies>, site: u32, blocks: u64, bytes: u64) {
    if alone.holds() {
        ALL.allocated_alone(0, bytes);
        if let Some(sums) = sums(site) {
            sums.allocated_alone(blocks, bytes);
        }
        return;
    }
    match tallies {
        Some(tallies) => tallies.allocated(site, blocks, bytes),
        None => {
            sums::allocated(EVERYWHERE, 0, bytes);
            sums::allocated(site, blocks, bytes);
        }
    }
}

/// A block was freed, `age` allocations of the thread after its own; `None` if another thread's.
#[inline(always)]
pub fn freed(alone: Alone, tallies: Option<&Tallies>, site: u32, bytes: usize, age: Option<u32>) {
    take(alone, tallies, site, bytes as u64, age.is_some_and(|age| age <= SHORT_LIFE));
}

#[inline(always)]
fn take(alone: Alone, tallies: Option<&Tallies>, site: u32, bytes: u64, short_lived: bool) {
    if alone.holds() {
        ALL.freed_alone(bytes, false);
        if let Some(sums) = sums(site) {
            sums.freed_alone(bytes, short_lived);
        }
        return;
    }
    match tallies {
        Some(tallies) => tallies.freed(site, bytes, short_lived),
        None => {
            sums::freed(EVERYWHERE, bytes, false);
            sums::freed(site, bytes, short_lived);
        }
    }
}

/// A block was resized where it lies.
pub fn resized(tallies: Option<&Tallies>, site: u32, from: usize, to: usize) {
    if to > from {
        add(Alone::find(), tallies, site, 0, (to - from) as u64);
    } else {
        take(Alone::find(), tallies, site, (from - to) as u64, false);
    }
}

/// Calls `visit` with every call site and its counters; 0 stands for unknown ones.
///
/// Must not be called from within the heap; visits nothing when there is no memory for the live
/// figures. Cost: a walk over the heap; a look into each thread's table per call site.
pub fn visit(visit: &mut dyn FnMut(u32, &Counters)) {
    heapwarden_core::check_fork();
    unwind::check_fork();
    VISITING.lock();
    if let Some(live) = live::gather() {
        for (site, live) in live.as_slice().iter().enumerate() {
            let counted = of(site as u32);
            let counters = Counters { live_blocks: live.blocks, live_bytes: live.bytes, ..counted };
            visit(site as u32, &counters);
        }
    }
    VISITING.unlock();
}

/// The counters over all call sites.
pub fn totals() -> Counters {
    let mut totals = Counters::default();
    visit(&mut |_, site| {
        totals.allocations += site.allocations;
        totals.bytes += site.bytes;
        totals.live_blocks += site.live_blocks;
        totals.live_bytes += site.live_bytes;
        totals.short_lived += site.short_lived;
    });
    totals.peak_bytes = of(EVERYWHERE).peak_bytes.max(totals.live_bytes);
    totals
}

/// How often a call site is read again because a thread moved its counts meanwhile. It takes a
/// thread tens of nanoseconds and happens rarely; one that died of a fork in the middle never ends.
const ATTEMPTS: u32 = 100;

fn of(site: u32) -> Counters {
    let Some(sums) = sums(site) else { return Counters::default() };
    let mut found = Counters::default();
    for _ in 0..ATTEMPTS {
        let moves = moves(site);
        found = add_up(site, sums);
        // What was read before is read before this (the fence is `moves`'s).
        if moves == self::moves(site) && moves.is_some() {
            break;
        }
        core::hint::spin_loop();
    }
    found
}

/// A number that is another one when a thread has moved counts of the site; `None` while it does.
fn moves(site: u32) -> Option<u64> {
    let mut total = Some(0u64);
    checked::visit_tallies(&mut |tallies| {
        total = total.zip(tallies.moves(site)).map(|(sum, moves)| sum + u64::from(moves));
    });
    total
}

fn add_up(site: u32, sums: &Sums) -> Counters {
    let mut found = sums.read();
    let base = sums.net();
    let (mut net, mut high) = (0, 0);
    checked::visit_tallies(&mut |tallies| {
        if let Some(tally) = tallies.read(site) {
            found.allocations += tally.allocations;
            found.bytes += tally.bytes;
            found.short_lived += tally.short_lived;
            net += tally.net;
            high = high.max(tally.high);
        }
    });
    found.peak_bytes = found.peak_bytes.max((base + high.max(net)).max(0) as u64);
    found
}

/// In a forked child.
///
/// # Safety
/// Only the repairing thread runs.
pub unsafe fn repair_after_fork() {
    if VISITING.is_held() {
        // SAFETY: the holder does not exist.
        unsafe { VISITING.reset() };
    }
}
