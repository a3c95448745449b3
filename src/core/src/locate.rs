//! Which block an address lies in, for any address.
//!
//! Cost: the page map's three loads, and a multiplication for a slot.

use crate::arena::run_of;
use crate::os::PAGE;
use crate::pages::heap::Heap;
use crate::pages::page_map::{Owner, owner_of};
use crate::pages::run::{Run, RunState};
use crate::slabs::size_class::TABLE;
use crate::slabs::slab;

/// What kind of block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockKind {
    /// A slot of a slab of this size class.
    Small {
        /// The size class.
        class: u8,
    },
    /// A page run.
    Large,
    /// A mapping of its own.
    Direct,
}

/// A block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Located {
    /// Where it starts.
    pub block: usize,
    /// Its bytes: the slot's, the run's or the mapping's.
    pub size: usize,
    /// What kind of block.
    pub kind: BlockKind,
    /// Whether it is out. [`locate`] counts slots in thread caches as out; `walk` does not.
    pub live: bool,
}

/// The block that `address` lies in; `None` when it lies in none of ours.
pub fn locate(address: usize) -> Option<Located> {
    match owner_of(address)? {
        Owner::Direct(direct) => {
            // SAFETY: descriptors are never unmapped.
            let (base, size, live) =
                unsafe { ((*direct).base, (*direct).bytes, (*direct).is_live()) };
            let inside = address >= base && address - base < size;
            inside.then_some(Located { block: base, size, kind: BlockKind::Direct, live })
        }
        // SAFETY: the page map says that the address lies in this heap.
        Owner::Heap(heap) => unsafe { locate_in(heap, address) },
    }
}

/// # Safety
/// `heap` is a heap that `address` lies in.
unsafe fn locate_in(heap: *mut Heap, address: usize) -> Option<Located> {
    // SAFETY: the caller's promise; a run found by a page with a class byte is described.
    unsafe {
        let run = run_of(heap, address)?;
        match (*run).state {
            RunState::Slab => {
                let (slot, _) = slab::slot_of(run, address)?;
                Some(slot_block(run, slot))
            }
            RunState::Large => Some(Located {
                block: Run::address(run),
                size: (*run).pages as usize * PAGE,
                kind: BlockKind::Large,
                live: true,
            }),
            _ => None,
        }
    }
}

/// The block of a slab's slot.
///
/// # Safety
/// `run` is a slab with more than `slot` slots.
pub unsafe fn slot_block(run: *const Run, slot: usize) -> Located {
    // SAFETY: the caller's promise.
    unsafe {
        let size = TABLE[(*run).class as usize].slot_bytes as usize;
        Located {
            block: slab::first_slot(run) + slot * size,
            size,
            kind: BlockKind::Small { class: (*run).class },
            live: !slab::is_free(run, slot),
        }
    }
}
