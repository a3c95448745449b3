//! Slots between caches and arenas: filling a stack, and bringing blocks home.
//!
//! Nobody waits for a lock to bring blocks home: when an arena is busy the batch goes to its
//! mailbox. To fill a stack a thread waits, and moves to another arena when it had to wait often.

use crate::arena::{Arena, Entered, Misuse};
use crate::journey::{Step, note};
use crate::pages::page_map::{self, Owner};
use crate::slabs::size_class::CLASSES;
use crate::sync::handover::BATCH_BLOCKS;
use crate::thread::cache::Cache;
use crate::{arena::arenas, arena::batch, misuse, trim};
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;

/// The most blocks brought home at once.
const FLUSH_MAX: usize = 128;
/// Waits in a row after which a thread looks for another arena.
const CONTENTION_MAX: u32 = 16;

/// Enters an arena for a thread that needs something from one: its own, or another when its own
/// is contended or abandoned. `None` when there is none at all.
///
/// # Safety
/// `cache` is the calling thread's.
pub unsafe fn enter_own<'a>(cache: *mut Cache) -> Option<(*mut Arena, Entered<'a>)> {
    // SAFETY: arenas are never freed; the cache is this thread's.
    unsafe {
        let arena = (*cache).arena;
        if let Some(entered) = (*arena).try_enter() {
            (*cache).contention = 0;
            return Some((arena.cast_mut(), entered));
        }
        let contended = !(*arena).is_abandoned();
        if contended {
            (*arena).contended.fetch_add(1, Relaxed);
            (*cache).contention += 1;
        }
        if !contended || (*cache).contention >= CONTENTION_MAX {
            (*cache).contention = 0;
            let other = arenas::assign(arena, true);
            arenas::leave(arena);
            (*cache).arena = other;
        }
        let arena = (*cache).arena;
        let entered = (*arena).enter()?;
        Some((arena.cast_mut(), entered))
    }
}

/// Fills the empty stack of `class`. False when there is no memory.
///
/// # Safety
/// `cache` is the calling thread's and its stack of `class` is empty.
pub unsafe fn refill(cache: *mut Cache, class: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let mut filled = refill_once(cache, class);
        if filled == 0 && trim::reclaim() {
            filled = refill_once(cache, class);
        }
        note(Step::Refill { slots: filled as u32 });
        filled > 0
    }
}

unsafe fn refill_once(cache: *mut Cache, class: usize) -> usize {
    // SAFETY: the caller's promise; the key makes the arena's inside ours.
    unsafe {
        let bin = &mut (*cache).bins[class];
        let wanted = (bin.capacity() / 2).max(1);
        let Some((arena, mut entered)) = enter_own(cache) else { return 0 };
        let filled = bin.fill(wanted, |end| entered.take_slots(arena, class, end, wanted));
        drop(entered);
        bin.grow(class);
        (*cache).flows[class].refilled += filled as u64;
        filled
    }
}

/// Makes room in a full stack: more places if the class allows them, else the older half of its
/// slots goes home.
///
/// # Safety
/// `cache` is the calling thread's and its stack of `class` is full.
pub unsafe fn make_room(cache: *mut Cache, class: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let bin = &mut (*cache).bins[class];
        if !bin.grow(class) {
            flush(cache, class, (bin.count() / 2).max(1));
        }
    }
}

/// Brings the `count` least recently freed slots of a class home.
unsafe fn flush(cache: *mut Cache, class: usize, count: usize) {
    let mut blocks = [0usize; FLUSH_MAX];
    let count = count.min(FLUSH_MAX);
    // SAFETY: the cache is the caller's and holds at least `count` slots of the class.
    unsafe {
        (*cache).bins[class].take_oldest(&mut blocks[..count]);
        (*cache).flows[class].flushed += count as u64;
    }
    bring_home(&mut blocks[..count]);
}

/// Brings everything home.
///
/// # Safety
/// `cache` is the caller's.
pub unsafe fn flush_all(cache: *mut Cache) {
    for class in 1..CLASSES {
        loop {
            // SAFETY: the caller's promise.
            let count = unsafe { (*cache).bins[class].count() };
            if count == 0 {
                break;
            }
            // SAFETY: the caller's promise.
            unsafe { flush(cache, class, count) };
        }
    }
}

/// The arena that owns the heap `address` lies in; null when it lies in no heap.
fn arena_of(address: usize) -> *const Arena {
    match page_map::owner_of(address) {
        // SAFETY: heap descriptors are never unmapped.
        Some(Owner::Heap(heap)) => unsafe { (*heap).arena },
        _ => ptr::null(),
    }
}

/// Brings blocks home, arena by arena; `blocks` is used up.
pub fn bring_home(blocks: &mut [usize]) {
    let mut rest = blocks.len();
    while rest > 0 {
        let arena = arena_of(blocks[0]);
        // The blocks of this arena first, the others behind them.
        let mut of_this = 0;
        for index in 0..rest {
            if arena_of(blocks[index]) == arena {
                blocks.swap(index, of_this);
                of_this += 1;
            }
        }
        if arena.is_null() {
            misuse::found(Misuse::DoubleFree, blocks[0]);
        } else {
            // SAFETY: arenas are never freed.
            bring_to(unsafe { &*arena }, &blocks[..of_this]);
        }
        blocks.copy_within(of_this..rest, 0);
        rest -= of_this;
    }
}

fn bring_to(arena: &Arena, blocks: &[usize]) {
    if let Some(entered) = arena.try_enter() {
        put_all(entered, blocks);
    } else if !arena.is_abandoned() {
        arena.contended.fetch_add(1, Relaxed);
        note(Step::HandedOver);
        blocks.chunks(BATCH_BLOCKS).for_each(|part| leave_for(arena, part));
    }
}

/// Leaves blocks in the arena's mailbox.
fn leave_for(arena: &Arena, blocks: &[usize]) {
    let batch = batch::take();
    if batch.is_null() {
        // Without memory for a batch the only way is to wait.
        if let Some(entered) = arena.enter() {
            put_all(entered, blocks);
        }
        return;
    }
    // SAFETY: the batch is ours until it is left.
    unsafe {
        (*batch).count = blocks.len();
        (&mut (*batch).blocks)[..blocks.len()].copy_from_slice(blocks);
        arena.mailbox.leave(batch);
    }
}

fn put_all(mut entered: Entered, blocks: &[usize]) {
    let mut wrong = None;
    for &address in blocks {
        // SAFETY: the blocks were freed by the program and lie in this arena's heaps.
        if let Err(error) = unsafe { entered.put(address) } {
            wrong.get_or_insert((error, address));
        }
    }
    entered.count_flush(blocks.len());
    drop(entered);
    if let Some((error, address)) = wrong {
        misuse::found(error, address);
    }
}
