//! All arenas, and which one a thread uses.
//!
//! There is one arena at first. A thread that keeps finding its arena's lock taken moves to the
//! one with the fewest threads, and a new one is created while there are fewer than the limit:
//! programs without contention stay compact, whatever the number of their threads.

use crate::arena::Arena;
use crate::config::config;
use crate::sync::Locked;
use crate::{os, private_heap};
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

static FIRST: AtomicPtr<Arena> = AtomicPtr::new(ptr::null_mut());
static USABLE: AtomicU32 = AtomicU32::new(0);
/// Serialises creation, so that a burst of threads does not create more than the limit.
static CREATION: Locked<u32> = Locked::new(0);

/// Calls `visit` for every arena, abandoned ones too.
pub fn visit(visit: &mut dyn FnMut(&'static Arena)) {
    // Acquire: pairs with the Release in `create`; an arena in the list is whole.
    let mut arena = FIRST.load(Acquire);
    while !arena.is_null() {
        // SAFETY: arenas are never freed.
        let found = unsafe { &*arena };
        visit(found);
        arena = found.next.load(Acquire);
    }
}

static LIMIT: AtomicU32 = AtomicU32::new(0);

/// Chooses how many arenas there may be from now on; those that exist stay. 0 changes nothing.
pub fn set_arenas_max(count: u32) {
    if count != 0 {
        LIMIT.store(count, Relaxed);
    }
}

/// How many arenas there may be. Asked for with the first arena, so that a process that enters a
/// sandbox later makes no new kind of system call.
fn limit() -> u32 {
    let known = LIMIT.load(Relaxed);
    if known != 0 {
        return known;
    }
    let limit = match config().arenas_max {
        0 => os::available_cpus() * 4,
        chosen => chosen,
    };
    LIMIT.store(limit, Relaxed);
    limit
}

/// An arena for a thread that has none, or that wants to leave `avoided`: the one with the fewest
/// threads, or a new one if `contended`. Null when there is none and no memory for one. The
/// thread is counted in.
pub fn assign(avoided: *const Arena, contended: bool) -> *const Arena {
    let mut best: *const Arena = ptr::null();
    let mut fewest = u32::MAX;
    visit(&mut |arena| {
        let threads = arena.threads.load(Relaxed);
        if !arena.is_abandoned() && !ptr::eq(arena, avoided) && threads < fewest {
            (best, fewest) = (arena, threads);
        }
    });
    if best.is_null() || (contended && fewest > 0) {
        let created = create(best.is_null() && !is_usable(avoided));
        if !created.is_null() {
            best = created;
        }
    }
    if best.is_null() {
        best = avoided;
    }
    if best.is_null() { best } else { join(best) }
}

fn is_usable(arena: *const Arena) -> bool {
    // SAFETY: arenas are never freed.
    !arena.is_null() && unsafe { !(*arena).is_abandoned() }
}

/// A thread joins an arena.
pub fn join(arena: *const Arena) -> *const Arena {
    // SAFETY: arenas are never freed.
    unsafe { (*arena).threads.fetch_add(1, Relaxed) };
    arena
}

/// A thread leaves its arena.
pub fn leave(arena: *const Arena) {
    if !arena.is_null() {
        // SAFETY: arenas are never freed.
        let threads = unsafe { &(*arena).threads };
        // In a forked child a thread may leave that was not counted in anew.
        let _ = threads.fetch_update(Relaxed, Relaxed, |count| count.checked_sub(1));
    }
}

/// Creates an arena, within the limit unless the caller has no other.
fn create(needed: bool) -> *const Arena {
    CREATION.with(|index| {
        if needed && USABLE.load(Relaxed) > 0 {
            // Another thread created the first one meanwhile.
            let mut usable: *const Arena = ptr::null();
            visit(&mut |arena| {
                if !arena.is_abandoned() {
                    usable = arena;
                }
            });
            return usable;
        }
        let limit = limit();
        if !needed && USABLE.load(Relaxed) >= limit {
            return ptr::null();
        }
        let place: *mut Arena =
            private_heap::permanent(size_of::<Arena>(), align_of::<Arena>()).cast();
        if place.is_null() {
            return ptr::null();
        }
        // SAFETY: fresh private memory of an arena's size.
        unsafe { Arena::create(place, *index) };
        *index += 1;
        // SAFETY: not shared yet.
        unsafe { (*place).next.store(FIRST.load(Relaxed), Relaxed) };
        // Release: pairs with the Acquire in `visit`.
        FIRST.store(place, Release);
        USABLE.fetch_add(1, Relaxed);
        place
    })
}

/// Runs `action` while every arena is locked and none can be made. `action` must not lock anything
/// of the core.
pub fn hold<R>(action: impl FnOnce() -> R) -> R {
    CREATION.with(|_| {
        visit(&mut Arena::hold);
        let result = action();
        visit(&mut Arena::let_go);
        result
    })
}

/// Puts the arenas in order in a forked child.
///
/// # Safety
/// Only the repairing thread runs.
pub unsafe fn repair_after_fork() {
    let (mut usable, mut count) = (0, 0);
    visit(&mut |arena| {
        arena.abandon_if_torn();
        arena.threads.store(0, Relaxed);
        usable += u32::from(!arena.is_abandoned());
        count += 1;
    });
    USABLE.store(usable, Relaxed);
    // SAFETY: the caller's promise.
    unsafe { CREATION.restart(count) };
}
