//! The whole heap held still, for a scan of the program's memory.
//!
//! While it is held no thread is in the middle of a change to a heap, a slab or a direct block's
//! place, so threads can be stopped wherever they are, and what they find locked waits. Nothing may
//! be allocated or freed meanwhile.
//! Cost: a lock per arena; the visit reads the page map and every page's descriptor.

use crate::arena::arenas;
use crate::direct;
use crate::locate::BlockKind;
use crate::os::{PAGE, own};
use crate::pages::heap::Heap;
use crate::pages::page_map::{self, Owner};
use crate::pages::run::{Run, RunState};
use crate::slabs::{size_class::TABLE, slab};
use core::ops::Range;

/// Shows that the heap is held.
pub struct Held(());

/// A part of the heap that has blocks.
pub enum Region {
    /// A slab.
    Slab {
        /// Where the first slot starts.
        first: usize,
        /// Bytes of a slot.
        slot_bytes: usize,
        /// How many slots were announced to the layer above.
        carved: usize,
        /// Its word for the layer above.
        extension: usize,
    },
    /// A large or direct block that is out.
    Block {
        /// Where it starts.
        block: usize,
        /// Its bytes.
        bytes: usize,
        /// Which of the two.
        kind: BlockKind,
        /// Its word for the layer above.
        extension: usize,
    },
}

/// Runs `action` while the whole heap is held. `action` must not allocate or free.
pub fn hold<R>(action: impl FnOnce(&Held) -> R) -> R {
    crate::entry::check_fork();
    // First the moves: a thread that makes one holds no arena.
    direct::hold(|| arenas::hold(|| action(&Held(()))))
}

impl Held {
    /// Calls `visit` for every region, in order of addresses; also for those of arenas that were
    /// abandoned in a fork.
    pub fn visit(&self, visit: &mut dyn FnMut(&Region)) {
        page_map::visit_owners(&mut |owner| match owner {
            // SAFETY: descriptors are never unmapped, and the arenas are held.
            Owner::Heap(heap) => unsafe { visit_heap(heap, visit) },
            Owner::Direct(direct) => {
                // SAFETY: as above; no live block is being moved.
                let direct = unsafe { &*direct };
                if direct.is_live() {
                    visit(&Region::Block {
                        block: direct.base,
                        bytes: direct.bytes,
                        kind: BlockKind::Direct,
                        extension: extension(&direct.extension),
                    });
                }
            }
        });
    }
}

/// Calls `visit` with the addresses of all heaps, direct blocks and private mappings of the library,
/// in no order; the heap is held. False when some are not known.
pub fn own_ranges(_: &Held, visit: &mut dyn FnMut(Range<usize>)) -> bool {
    page_map::visit_owners(&mut |owner| match owner {
        Owner::Heap(heap) => {
            // SAFETY: descriptors are never unmapped.
            let (base, pages) = unsafe { ((*heap).base, (*heap).pages as usize) };
            visit(base..base + pages * PAGE);
        }
        Owner::Direct(direct) => {
            // SAFETY: as above.
            let (base, bytes) = unsafe { ((*direct).base, (*direct).bytes) };
            visit(base..base + bytes);
        }
    });
    own::visit(visit)
}

fn extension(word: &core::sync::atomic::AtomicUsize) -> usize {
    // Acquire: pairs with the Release or AcqRel that set the word: what it leads to is whole.
    word.load(core::sync::atomic::Ordering::Acquire)
}

/// # Safety
/// `heap` came from the page map, and its arena is held or abandoned.
unsafe fn visit_heap(heap: *mut Heap, visit: &mut dyn FnMut(&Region)) {
    // SAFETY: below the top the runs follow one another. In an abandoned arena one of them may be
    // torn: its descriptor is read as it is, and the walk goes on by at least a page.
    unsafe {
        let mut page = 0;
        while page < (*heap).top as usize {
            let run = (*heap).run(page);
            match (*run).state {
                RunState::Slab => {
                    if let Some(class) = TABLE.get((*run).class as usize) {
                        visit(&Region::Slab {
                            first: slab::first_slot(run),
                            slot_bytes: class.slot_bytes as usize,
                            carved: (*run).carved.min((*run).slots) as usize,
                            extension: extension(&(*run).extension),
                        });
                    }
                }
                RunState::Large => visit(&Region::Block {
                    block: Run::address(run),
                    bytes: (*run).pages as usize * PAGE,
                    kind: BlockKind::Large,
                    extension: extension(&(*run).extension),
                }),
                _ => {}
            }
            page += ((*run).pages as usize).max(1);
        }
    }
}
