//! A walk over every block of every thread, and the marks it needs.
//!
//! The arenas are locked one by one. Slots in thread caches are told from live ones by marking
//! them first; the marks are exact for threads that rest while the walk is made.
//! Cost: a visit per slot; the marks of heaps become resident.

use crate::arena::Inner;
use crate::locate::{BlockKind, Located, locate, slot_block};
use crate::os::PAGE;
use crate::pages::heap::{Heap, WORDS_PER_PAGE};
use crate::pages::page_map::{self, Owner, owner_of};
use crate::pages::run::{Run, RunState};
use crate::{arena::arenas, slabs::slab, thread, trim};
use core::ptr;

/// Calls `visit` for every block that was ever carved: `live` says whether the program holds it.
/// `visit` must not allocate.
pub fn walk(visit: &mut dyn FnMut(&Located)) {
    over_arenas(true, visit);
}

/// As [`walk`], but slots in thread caches count as live: nothing is written, which matters in a
/// forked child, where each page written is copied.
pub fn survey(visit: &mut dyn FnMut(&Located)) {
    over_arenas(false, visit);
}

fn over_arenas(marked: bool, visit: &mut dyn FnMut(&Located)) {
    crate::entry::check_fork();
    arenas::visit(&mut |arena| {
        if let Some(inside) = arena.enter() {
            // SAFETY: the arena's key is held.
            unsafe {
                if marked {
                    trim::visit_heaps(&inside.pages, &mut |heap| clear_marks(heap));
                    mark_cached(&inside);
                }
                trim::visit_heaps(&inside.pages, &mut |heap| walk_heap(heap, marked, visit));
            }
        }
    });
    page_map::visit_owners(&mut |owner| {
        if let Owner::Direct(direct) = owner {
            // SAFETY: descriptors are never unmapped.
            let base = unsafe { (*direct).base };
            if let Some(found) = locate(base) {
                visit(&found);
            }
        }
    });
}

unsafe fn clear_marks(heap: *mut Heap) {
    // SAFETY: the marks have four words for each page, and the arena's lock is held.
    unsafe { ptr::write_bytes((*heap).marks(0), 0, (*heap).top as usize * WORDS_PER_PAGE) };
}

/// Marks the slots of this arena that lie in any thread's cache.
unsafe fn mark_cached(inside: &Inner) {
    thread::visit_caches(&mut |cache| {
        for &address in cache.bins.iter().skip(1).flat_map(|bin| bin.slots()) {
            let Some(Owner::Heap(heap)) = owner_of(address) else { continue };
            // SAFETY: cached slots lie in slabs; marks of this arena's heaps are ours.
            unsafe {
                if !owns(inside, heap) {
                    continue;
                }
                let Some(run) = crate::arena::run_of(heap, address) else { continue };
                if let Some((slot, _)) = slab::slot_of(run, address) {
                    *(*heap).marks((*run).page as usize).add(slot / 64) |= 1 << (slot % 64);
                }
            }
        }
    });
}

fn owns(inside: &Inner, heap: *mut Heap) -> bool {
    let mut found = false;
    trim::visit_heaps(&inside.pages, &mut |own| found |= own == heap);
    found
}

unsafe fn walk_heap(heap: *mut Heap, marked: bool, visit: &mut dyn FnMut(&Located)) {
    // SAFETY: the arena's lock is held; below the top the runs follow one another.
    unsafe {
        let mut page = 0;
        while page < (*heap).top as usize {
            let run = (*heap).run(page);
            match (*run).state {
                RunState::Slab => walk_slab(heap, run, marked, visit),
                RunState::Large => visit(&Located {
                    block: Run::address(run),
                    size: (*run).pages as usize * PAGE,
                    kind: BlockKind::Large,
                    live: true,
                }),
                _ => {}
            }
            page += (*run).pages as usize;
        }
    }
}

unsafe fn walk_slab(heap: *mut Heap, run: *mut Run, marked: bool, visit: &mut dyn FnMut(&Located)) {
    // SAFETY: as for `walk_heap`; the marks are the walk's.
    unsafe {
        let marks = (*heap).marks((*run).page as usize);
        for slot in 0..(*run).slots as usize {
            let Some(mut found) = slot_block(run, slot) else { continue };
            found.live &= !marked || *marks.add(slot / 64) & (1 << (slot % 64)) == 0;
            visit(&found);
        }
    }
}
