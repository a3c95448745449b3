//! Direct blocks: above a threshold a block is a mapping of its own and goes back to the kernel
//! when it is freed.
//!
//! The threshold adapts as glibc's does: freeing a direct block says that blocks of its size come
//! and go, so from then on they are served from heaps, up to 32 MiB.
//! Cost: one mmap and one munmap per block, plus a page fault per page touched.

use crate::arena::Misuse;
use crate::config::config;
use crate::field;
use crate::journey::{Step, note};
use crate::layout::Fact;
use crate::os::{PAGE, mapping, page_round};
use crate::pages::heap::HEAP_PAGES_MAX;
use crate::pages::page_map::{self, GRANULE};
use crate::private_heap;
use crate::statistics::live;
use crate::sync::Locked;
use core::ptr;
use core::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Relaxed},
};

/// A direct block's descriptor. Descriptors are reused but never unmapped.
pub struct Direct {
    /// Where the mapping and the block start.
    pub base: usize,
    /// Length of the mapping.
    pub bytes: usize,
    /// Whether the program holds it; cleared by exactly one `free`.
    live: AtomicBool,
    /// A word for the layer above; 0 when the block is made.
    pub extension: AtomicUsize,
    next: *mut Direct,
}

impl Direct {
    /// Whether the program holds it.
    pub fn is_live(&self) -> bool {
        self.live.load(Relaxed)
    }

    /// What is wrong with an address in this block's granules that is not its start. The last
    /// granule is the block's only up to its end; behind that may be anybody's mapping.
    pub fn not_its_start(&self, address: usize) -> Misuse {
        let inside = address.wrapping_sub(self.base) < self.bytes;
        if inside { Misuse::Interior } else { Misuse::Foreign }
    }
}

/// Blocks of this size and more are never served from a heap.
const THRESHOLD_MAX: usize = HEAP_PAGES_MAX * PAGE;

/// Where the threshold has adapted to; 0 before.
static THRESHOLD: AtomicUsize = AtomicUsize::new(0);
/// Chosen by the program while it runs, which ends the adapting; 0 when it chose nothing.
static CHOSEN: AtomicUsize = AtomicUsize::new(0);
static BLOCKS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

struct Pool(*mut Direct);

// SAFETY: the descriptors in the pool belong to it, and it is behind a lock.
unsafe impl Send for Pool {}

static POOL: Locked<Pool> = Locked::new(Pool(ptr::null_mut()));

/// Held while a live block is between two places, or two lengths.
static MOVING: Locked<()> = Locked::new(());

/// Runs `action` while no live direct block is being moved.
pub fn hold<R>(action: impl FnOnce() -> R) -> R {
    MOVING.with(|()| action())
}

/// Live direct blocks and their bytes.
pub fn totals() -> (u64, u64) {
    (BLOCKS.load(Relaxed), BYTES.load(Relaxed))
}

/// Fixes the size from which on blocks are direct, as glibc's mallopt does: it no longer adapts.
/// False when the size is more than a heap can serve.
pub fn set_direct_threshold(bytes: usize) -> bool {
    let possible = bytes <= THRESHOLD_MAX;
    if possible {
        CHOSEN.store(bytes.max(1), Relaxed);
    }
    possible
}

/// The size from which on blocks are direct now.
pub fn threshold() -> usize {
    match CHOSEN.load(Relaxed) {
        0 => THRESHOLD.load(Relaxed).max(config().direct_threshold).min(THRESHOLD_MAX),
        chosen => chosen,
    }
}

fn take_descriptor() -> *mut Direct {
    let pooled = POOL.with(|pool| {
        let direct = pool.0;
        if !direct.is_null() {
            // SAFETY: pooled descriptors are live and the pool's.
            pool.0 = unsafe { (*direct).next };
        }
        direct
    });
    if pooled.is_null() {
        private_heap::permanent(size_of::<Direct>(), align_of::<Direct>()).cast()
    } else {
        pooled
    }
}

fn put_descriptor(direct: *mut Direct) {
    POOL.with(|pool| {
        // SAFETY: the caller's descriptor is in no page-map entry any more.
        unsafe { (*direct).next = pool.0 };
        pool.0 = direct;
    });
}

/// A zeroed block of `size` at a multiple of `alignment`. Null when there is no memory.
pub fn allocate(size: usize, alignment: usize) -> *mut u8 {
    if size > isize::MAX as usize {
        return ptr::null_mut();
    }
    let bytes = page_round(size.max(1));
    let direct = take_descriptor();
    if direct.is_null() {
        return ptr::null_mut();
    }
    note(Step::Direct { bytes });
    let base = mapping::map_aligned(bytes, alignment.max(GRANULE)).unwrap_or(0);
    if base == 0 {
        put_descriptor(direct);
        return ptr::null_mut();
    }
    let fresh = Direct {
        base,
        bytes,
        live: AtomicBool::new(true),
        extension: AtomicUsize::new(0),
        next: ptr::null_mut(),
    };
    // SAFETY: the descriptor is ours until it is entered.
    unsafe { direct.write(fresh) };
    if !page_map::enter_direct(direct, base, bytes) {
        // SAFETY: mapped above and handed to nobody.
        unsafe { mapping::unmap(base, bytes) };
        put_descriptor(direct);
        return ptr::null_mut();
    }
    BLOCKS.fetch_add(1, Relaxed);
    BYTES.fetch_add(bytes as u64, Relaxed);
    live::add(bytes);
    base as *mut u8
}

/// Frees a direct block.
///
/// # Safety
/// `direct` came from the page map for `address`; nobody uses the block any more.
pub unsafe fn free(direct: *mut Direct, address: usize) -> Result<(), Misuse> {
    // SAFETY: descriptors are never unmapped.
    let found = unsafe { &*direct };
    if address != found.base {
        return Err(found.not_its_start(address));
    }
    // AcqRel: exactly one of several frees wins, and it sees the block as the others left it.
    if !found.live.swap(false, AcqRel) {
        return Err(Misuse::DoubleFree);
    }
    let (base, bytes) = (found.base, found.bytes);
    note(Step::DirectReleased { bytes });
    page_map::remove(base, bytes);
    // SAFETY: ours alone now: not live, and not in the page map.
    unsafe { mapping::unmap(base, bytes) };
    mapping::hint_freed_end(base + bytes.next_multiple_of(GRANULE));
    BLOCKS.fetch_sub(1, Relaxed);
    BYTES.fetch_sub(bytes as u64, Relaxed);
    live::subtract(bytes);
    if bytes < THRESHOLD_MAX {
        THRESHOLD.fetch_max(bytes + PAGE, Relaxed);
    }
    put_descriptor(direct);
    Ok(())
}

/// Changes the length of a direct block without copying: where it is, or by moving its pages.
/// Returns its address, null when the kernel has no room (the block is unchanged then).
///
/// # Safety
/// `direct` is a live block that only the caller uses; when it shrinks, its end is not used.
pub unsafe fn resize(direct: *mut Direct, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    hold(|| unsafe { resize_alone(direct, page_round(size)) })
}

/// # Safety
/// As for [`resize`].
unsafe fn resize_alone(direct: *mut Direct, new: usize) -> *mut u8 {
    // SAFETY: the caller's promise makes the descriptor ours.
    unsafe {
        let (base, old) = ((*direct).base, (*direct).bytes);
        if new == old {
            return base as *mut u8;
        }
        // Granules that go are taken out of the map first: another thread may get their addresses
        // as soon as they are free.
        let kept = new.next_multiple_of(GRANULE);
        if old > kept {
            page_map::remove(base + kept, old - kept);
        }
        let in_place = page_map::reserve(base, new) && mapping::resize_in_place(base, old, new);
        let placed = if in_place { base } else { move_to_new(direct, new) };
        if placed == 0 {
            check!(page_map::enter_direct(direct, base, old), "a block's granules have leaves");
            return ptr::null_mut();
        }
        (*direct).base = placed;
        (*direct).bytes = new;
        check!(page_map::enter_direct(direct, placed, new), "reserved granules have leaves");
        BYTES.fetch_add((new as u64).wrapping_sub(old as u64), Relaxed);
        if new > old {
            live::add(new - old)
        } else {
            live::subtract(old - new)
        };
        placed as *mut u8
    }
}

/// Moves a block's pages to a fresh aligned place of `new` bytes; 0 when there is none.
///
/// # Safety
/// As for [`resize`].
unsafe fn move_to_new(direct: *mut Direct, new: usize) -> usize {
    // SAFETY: the caller's promise makes the descriptor ours.
    let (base, old) = unsafe { ((*direct).base, (*direct).bytes) };
    let Some(target) = mapping::map_aligned(new, GRANULE) else { return 0 };
    // Out of the map first: another thread may get the old addresses as soon as they are free.
    page_map::remove(base, old);
    // SAFETY: the target is fresh; the source is the caller's alone.
    if page_map::reserve(target, new) && unsafe { mapping::move_pages(base, old, target, new) } {
        note(Step::Moved);
        return target;
    }
    check!(page_map::enter_direct(direct, base, old), "a block's granules have leaves");
    // SAFETY: mapped above and handed to nobody.
    unsafe { mapping::unmap(target, new) };
    0
}

/// Puts the pool in order in a forked child.
///
/// # Safety
/// Only the repairing thread runs.
pub unsafe fn repair_after_fork() {
    // SAFETY: the caller's promise.
    unsafe {
        POOL.restart(Pool(ptr::null_mut()));
        MOVING.restart(());
    }
}

/// For debuggers.
pub static FACTS: [Fact; 5] = [
    Fact::number("Direct", size_of::<Direct>()),
    field!(Direct, base),
    field!(Direct, bytes),
    field!(Direct, live),
    field!(Direct, extension),
];
