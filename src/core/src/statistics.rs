//! Figures about the allocator, gathered on demand from counters that are kept where the work is
//! done: per thread and class on the hot path, per arena under its lock.
//!
//! Figures of running threads are read while they change; they are exact when those rest.

use crate::arena::Arena;
use crate::os::{PAGE, mapping};
use crate::slabs::size_class::{CLASSES, TABLE};
use crate::thread::cache::Cache;
use crate::waiting::Waiting;
use crate::{arena::arenas, direct, private_heap, thread, thread::uncached};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub use crate::os::syscall::SystemCalls;

static REQUESTED: AtomicU64 = AtomicU64::new(0);
static GRANTED: AtomicU64 = AtomicU64::new(0);

/// Bytes that are out, and the most that ever were; thread caches and what waits count as out.
pub(crate) mod live {
    use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

    static NOW: AtomicU64 = AtomicU64::new(0);
    static PEAK: AtomicU64 = AtomicU64::new(0);

    pub fn add(bytes: usize) {
        let now = NOW.fetch_add(bytes as u64, Relaxed) + bytes as u64;
        if now > PEAK.load(Relaxed) {
            PEAK.fetch_max(now, Relaxed);
        }
    }

    pub fn subtract(bytes: usize) {
        NOW.fetch_sub(bytes as u64, Relaxed);
    }

    pub fn peak() -> u64 {
        PEAK.load(Relaxed)
    }
}

/// The whole process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Statistics {
    /// Blocks handed out; a `realloc` that moves counts as one, and as a free.
    pub allocations: u64,
    /// Blocks the program gave back.
    pub frees: u64,
    /// Bytes of live blocks, as granted (slots, runs, mappings).
    pub live_bytes: u64,
    /// Live blocks.
    pub live_blocks: u64,
    /// Blocks that the program gave back and a layer above still holds.
    pub waiting_blocks: u64,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// The most bytes that were out at once, thread caches and waiting blocks included.
    pub peak_bytes: u64,
    /// Bytes asked for by all requests so far; 0 unless instrumented.
    pub requested_bytes: u64,
    /// Bytes granted for those.
    pub granted_bytes: u64,
    /// Address space mapped now, for blocks and for ourselves.
    pub mapped_bytes: u64,
    /// The most that was mapped at once.
    pub mapped_peak_bytes: u64,
    /// All that was mapped.
    pub from_kernel_bytes: u64,
    /// All that was unmapped or purged.
    pub to_kernel_bytes: u64,
    /// Mapped for ourselves.
    pub metadata_bytes: u64,
    /// Live direct blocks.
    pub direct_blocks: u64,
    /// Their bytes.
    pub direct_bytes: u64,
    /// Bytes of free page runs, tops not included.
    pub free_run_bytes: u64,
    /// Bytes of the longest free run.
    pub largest_free_run: u64,
    /// Threads with a cache.
    pub threads: u32,
    /// Arenas.
    pub arenas: u32,
    /// System calls by kind.
    pub system_calls: SystemCalls,
}

/// One arena.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArenaStatistics {
    /// Its number.
    pub index: u32,
    /// Its heaps.
    pub heaps: u32,
    /// Bytes of its heaps.
    pub mapped_bytes: u64,
    /// Bytes that are out, thread caches and waiting blocks included.
    pub live_bytes: u64,
    /// How often its lock was found taken.
    pub contended: u64,
    /// Threads assigned to it.
    pub threads: u32,
    /// Runs split.
    pub splits: u64,
    /// Runs merged.
    pub coalesces: u64,
    /// Batches taken by caches.
    pub refills: u64,
    /// Batches brought back.
    pub flushes: u64,
}

/// One size class, over all arenas and threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct BinStatistics {
    /// The size class.
    pub class: u8,
    /// Bytes of a slot.
    pub slot_bytes: u32,
    /// Slabs.
    pub slabs: u32,
    /// Slots of all slabs.
    pub slots: u64,
    /// Live slots.
    pub live: u64,
    /// Slots in thread caches.
    pub cached: u64,
    /// Slots handed out so far.
    pub allocations: u64,
}

/// Counts one request's bytes, for `block`, an address in what it got; a slow-path-only figure, so it covers all requests only when the
/// process is instrumented.
pub fn note_request(size: usize, block: *mut u8) {
    if !crate::config::config().instrument || block.is_null() {
        return;
    }
    if let Some(found) = crate::locate::locate(block as usize) {
        REQUESTED.fetch_add(size as u64, Relaxed);
        GRANTED.fetch_add(found.size as u64, Relaxed);
    }
}

fn cached_and_frees(cache: &Cache, class: usize) -> (u64, u64) {
    let (bin, flow) = (&cache.bins[class], &cache.flows[class]);
    let cached = bin.count() as u64;
    // What is in the stack came by refills and frees, and left by allocations and flushes.
    (cached, (cached + bin.allocations + flow.flushed).saturating_sub(flow.refilled))
}

/// The figures of the whole process.
pub fn gather() -> Statistics {
    crate::entry::check_fork();
    let traffic = mapping::traffic();
    let waiting = Waiting::count();
    let held = waiting.total();
    let (direct_blocks, direct_bytes) = direct::totals();
    let mut all = Statistics {
        peak_bytes: live::peak(),
        requested_bytes: REQUESTED.load(Relaxed),
        granted_bytes: GRANTED.load(Relaxed),
        mapped_bytes: traffic.mapped,
        mapped_peak_bytes: traffic.mapped_peak,
        from_kernel_bytes: traffic.from_kernel,
        to_kernel_bytes: traffic.to_kernel,
        metadata_bytes: private_heap::metadata_bytes(),
        direct_blocks: direct_blocks.saturating_sub(waiting.direct.blocks),
        direct_bytes: direct_bytes.saturating_sub(waiting.direct.bytes),
        waiting_blocks: held.blocks,
        waiting_bytes: held.bytes,
        frees: held.blocks,
        threads: thread::count(),
        system_calls: crate::os::syscall::system_calls(),
        ..Statistics::default()
    };
    for class in 0..CLASSES {
        let (allocations, frees) = uncached::totals(class);
        all.allocations += allocations;
        all.frees += frees;
    }
    let mut cached_bytes = 0;
    thread::visit_caches(&mut |cache| {
        all.allocations += cache.large_allocations;
        all.frees += cache.large_frees;
        for (class, layout) in TABLE.iter().enumerate().skip(1) {
            let (cached, frees) = cached_and_frees(cache, class);
            all.allocations += cache.bins[class].allocations;
            all.frees += frees;
            cached_bytes += cached * u64::from(layout.slot_bytes);
        }
    });
    arenas::visit(&mut |arena| {
        all.arenas += 1;
        let Some(inside) = arena.enter() else { return };
        all.live_bytes += inside.out_bytes as u64;
        all.free_run_bytes += (inside.pages.bins.free_pages * PAGE) as u64;
        let longest = inside.pages.bins.longest(1);
        if !longest.is_null() {
            // SAFETY: a run in the bins is live under the lock.
            let bytes = unsafe { (*longest).pages as u64 * PAGE as u64 };
            all.largest_free_run = all.largest_free_run.max(bytes);
        }
    });
    all.live_bytes = (all.live_bytes + direct_bytes).saturating_sub(cached_bytes + held.bytes);
    all.live_blocks = all.allocations.saturating_sub(all.frees);
    all
}

/// Calls `visit` with each arena's figures.
pub fn arenas(visit: &mut dyn FnMut(&ArenaStatistics)) {
    crate::entry::check_fork();
    arenas::visit(&mut |arena: &'static Arena| {
        let Some(inside) = arena.enter() else { return };
        let figures = ArenaStatistics {
            index: arena.index,
            heaps: inside.pages.heap_count,
            mapped_bytes: inside.pages.mapped_bytes as u64,
            live_bytes: inside.out_bytes as u64,
            contended: arena.contended.load(Relaxed),
            threads: arena.threads.load(Relaxed),
            splits: inside.pages.splits,
            coalesces: inside.pages.coalesces,
            refills: inside.refills,
            flushes: inside.flushes,
        };
        drop(inside);
        visit(&figures);
    });
}

/// Calls `visit` with the figures of each size class that was used.
pub fn bins(visit: &mut dyn FnMut(&BinStatistics)) {
    crate::entry::check_fork();
    let waiting = Waiting::count();
    for (class, layout) in TABLE.iter().enumerate().skip(1) {
        let slot_bytes = layout.slot_bytes;
        let mut bin = BinStatistics { class: class as u8, slot_bytes, ..Default::default() };
        let mut frees;
        (bin.allocations, frees) = uncached::totals(class);
        thread::visit_caches(&mut |cache| {
            let (cached, freed) = cached_and_frees(cache, class);
            bin.cached += cached;
            bin.allocations += cache.bins[class].allocations;
            frees += freed;
        });
        arenas::visit(&mut |arena| {
            if let Some(inside) = arena.enter() {
                bin.slabs += inside.bins[class].slab_count;
            }
        });
        let offset = u64::from(crate::config::config().slot_offset);
        let slab_bytes = TABLE[class].pages as u64 * PAGE as u64 - offset;
        bin.slots = u64::from(bin.slabs) * (slab_bytes / u64::from(slot_bytes));
        bin.live = bin.allocations.saturating_sub(frees + waiting.slots[class]);
        if bin.slabs > 0 || bin.allocations > 0 {
            visit(&bin);
        }
    }
}
