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
use core::sync::atomic::AtomicUsize;

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
                slot_block(run, slot)
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
pub unsafe fn slot_block(run: *const Run, slot: usize) -> Option<Located> {
    // SAFETY: the caller's promise. The class is read once: another thread may be changing it.
    unsafe {
        let class = (*run).class;
        let size = TABLE.get(class as usize)?.slot_bytes as usize;
        Some(Located {
            block: slab::first_slot(run) + slot * size,
            size,
            kind: BlockKind::Small { class },
            live: !slab::is_free(run, slot),
        })
    }
}

/// Where a slot lies in its slab.
#[derive(Clone, Copy)]
pub struct Place {
    /// The slot's number.
    pub slot: usize,
    /// How many slots the slab has.
    pub slots: usize,
    /// How many of them were carved.
    pub carved: usize,
    /// Where the first one starts.
    pub first: usize,
    /// Bytes of a slot.
    pub slot_bytes: usize,
    /// The size class.
    pub class: u8,
    /// The slab's word for the layer above.
    pub extension: &'static AtomicUsize,
}

/// The place of the slot that `address` lies in; `None` when it lies in no slab.
#[inline]
pub fn place(address: usize) -> Option<Place> {
    let Owner::Heap(heap) = owner_of(address)? else { return None };
    // SAFETY: the page map says that the address lies in this heap; descriptors of runs are never
    // unmapped, so the reference to the word may live on.
    unsafe {
        let run = run_of(heap, address)?;
        if (*run).state != RunState::Slab {
            return None;
        }
        let (slot, _) = slab::slot_of(run, address)?;
        Some(Place {
            slot,
            slots: (*run).slots as usize,
            carved: (*run).carved as usize,
            first: slab::first_slot(run),
            slot_bytes: TABLE.get((*run).class as usize)?.slot_bytes as usize,
            class: (*run).class,
            extension: &(*run).extension,
        })
    }
}

/// The word for the layer above of the large or direct block that `address` lies in.
pub fn extension_of(address: usize) -> Option<&'static AtomicUsize> {
    // SAFETY: descriptors of heaps, runs and direct blocks are never unmapped.
    unsafe {
        match owner_of(address)? {
            Owner::Direct(direct) => Some(&(*direct).extension),
            Owner::Heap(heap) => {
                let run = run_of(heap, address)?;
                ((*run).state == RunState::Large).then(|| &(*run).extension)
            }
        }
    }
}

/// Whether an address lies in a heap or in a mapping of a block, free pages included.
pub fn is_managed(address: usize) -> bool {
    owner_of(address).is_some()
}
