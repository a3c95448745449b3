//! From any address to the heap or direct block it lies in, in constant time.
//!
//! The address space is divided into granules of 4 MiB. A root of 4,096 entries leads to leaves
//! of 8,192 granules (32 GiB each), mapped when first needed. A granule has two words:
//! - `classes`: for a granule of a heap, a pointer to the heap's class bytes, biased so that
//!   adding `address >> PAGE_SHIFT` gives the page's byte; else 0;
//! - `owner`: the heap's descriptor, or the direct block's with the lowest bit set; else 0.
//!
//! Nothing is assumed about the address: what is not ours is recognised exactly.
//! Cost of a class lookup: three dependent loads, of which the first two nearly always hit the
//! first-level cache.

use crate::direct::Direct;
use crate::field;
use crate::layout::Fact;
use crate::os::{PAGE_SHIFT, mapping};
use crate::pages::heap::Heap;
use core::sync::atomic::{
    AtomicPtr, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

/// log2 of [`GRANULE`].
pub const GRANULE_SHIFT: usize = 22;
/// The unit of address space: heaps and direct blocks start at multiples of it.
pub const GRANULE: usize = 1 << GRANULE_SHIFT;

const LEAF_SHIFT: usize = 13;
const LEAF_GRANULES: usize = 1 << LEAF_SHIFT;
const ROOT_SHIFT: usize = GRANULE_SHIFT + LEAF_SHIFT;
/// User addresses have 47 bits.
const ROOT_ENTRIES: usize = 1 << (47 - ROOT_SHIFT);
const DIRECT_TAG: usize = 1;

/// What is known of a granule.
#[repr(C)]
pub(crate) struct Granule {
    classes: AtomicUsize,
    owner: AtomicUsize,
}

type Leaf = [Granule; LEAF_GRANULES];

static ROOT: [AtomicPtr<Leaf>; ROOT_ENTRIES] =
    [const { AtomicPtr::new(core::ptr::null_mut()) }; ROOT_ENTRIES];

/// Whose memory an address lies in.
#[derive(Clone, Copy)]
pub enum Owner {
    /// A heap's.
    Heap(*mut Heap),
    /// A direct block's.
    Direct(*mut Direct),
}

/// What is known of the granule that holds `address`.
#[inline(always)]
pub(crate) fn granule(address: usize) -> Option<&'static Granule> {
    let leaf = ROOT.get(address >> ROOT_SHIFT)?.load(Acquire);
    if leaf.is_null() {
        return None;
    }
    // SAFETY: leaves are never unmapped and hold only atomics. Acquire above pairs with the AcqRel
    // that published the leaf.
    let leaf = unsafe { &*leaf };
    Some(&leaf[(address >> GRANULE_SHIFT) & (LEAF_GRANULES - 1)])
}

impl Granule {
    /// The class byte of the page that holds `address`, which lies in this granule: 0 when it is no
    /// page of a heap, or a free one.
    #[inline(always)]
    pub fn class(&self, address: usize) -> u8 {
        // Acquire: pairs with the Release in `publish`.
        let classes = self.classes.load(Acquire);
        if classes == 0 {
            return 0;
        }
        // SAFETY: a heap's class bytes stay mapped for ever, and the bias makes the sum the byte of
        // this page, which lies in the heap because its granule does.
        unsafe { *(classes.wrapping_add(address >> PAGE_SHIFT) as *const u8) }
    }

    /// Whose memory it is.
    #[inline(always)]
    pub fn owner(&self) -> Option<Owner> {
        // Acquire: pairs with the Release in `publish`.
        let owner = self.owner.load(Acquire);
        match owner {
            0 => None,
            _ if owner & DIRECT_TAG != 0 => {
                Some(Owner::Direct((owner & !DIRECT_TAG) as *mut Direct))
            }
            _ => Some(Owner::Heap(owner as *mut Heap)),
        }
    }
}

/// The class byte of the page that holds `address`: 0 when it is no page of a heap, or a free one.
#[inline(always)]
pub fn class_at(address: usize) -> u8 {
    granule(address).map_or(0, |granule| granule.class(address))
}

/// Whose memory `address` lies in, if it is ours. For a direct block's last granule the caller
/// compares with the block's length.
#[inline]
pub fn owner_of(address: usize) -> Option<Owner> {
    granule(address)?.owner()
}

/// Whether an address lies in a heap or a direct block, free or not. The rest of a direct block's
/// last granule counts too. Cost: two loads.
#[inline(always)]
pub fn is_ours(address: usize) -> bool {
    granule(address).is_some_and(|granule| granule.owner.load(Relaxed) != 0)
}

/// Makes sure that every granule of a range has a leaf, so that entering it cannot fail. False
/// when there is no memory for one.
pub fn reserve(start: usize, bytes: usize) -> bool {
    let (first, last) = (start >> ROOT_SHIFT, (start + bytes - 1) >> ROOT_SHIFT);
    (first..=last).all(|index| ROOT.get(index).is_some_and(ensure_leaf))
}

fn ensure_leaf(entry: &AtomicPtr<Leaf>) -> bool {
    if !entry.load(Acquire).is_null() {
        return true;
    }
    let Some(leaf) = mapping::map(size_of::<Leaf>()) else { return false };
    let fresh = leaf as *mut Leaf;
    // Release publishes the zeroed leaf; Acquire sees the winner's.
    if entry.compare_exchange(core::ptr::null_mut(), fresh, AcqRel, Acquire).is_err() {
        // SAFETY: mapped above and published to nobody.
        unsafe { mapping::unmap(leaf, size_of::<Leaf>()) };
    }
    true
}

fn publish(start: usize, bytes: usize, classes: usize, owner: usize) {
    for address in (start..start + bytes).step_by(GRANULE) {
        if let Some(granule) = granule(address) {
            // Release: pairs with the Acquire loads above; the descriptor was filled in before.
            granule.classes.store(classes, Release);
            granule.owner.store(owner, Release);
        }
    }
}

/// Enters a heap. `classes` points to the byte of its first page.
pub fn enter_heap(heap: *mut Heap, start: usize, bytes: usize, classes: *mut u8) -> bool {
    let entered = reserve(start, bytes);
    if entered {
        let biased = (classes as usize).wrapping_sub(start >> PAGE_SHIFT);
        publish(start, bytes, biased, heap as usize);
    }
    entered
}

/// Enters a direct block.
pub fn enter_direct(direct: *mut Direct, start: usize, bytes: usize) -> bool {
    let entered = reserve(start, bytes);
    if entered {
        publish(start, bytes, 0, direct as usize | DIRECT_TAG);
    }
    entered
}

/// Removes a range that was entered.
pub fn remove(start: usize, bytes: usize) {
    publish(start, bytes, 0, 0);
}

/// Calls `visit` for each heap and direct block, in address order. Cost: 128 KiB read for each
/// 32 GiB of address space in use, so this is for reports and checks.
pub fn visit_owners(visit: &mut dyn FnMut(Owner)) {
    let mut last = 0;
    for (index, entry) in ROOT.iter().enumerate() {
        if entry.load(Relaxed).is_null() {
            continue;
        }
        for within in 0..LEAF_GRANULES {
            let address = (index << ROOT_SHIFT) | (within << GRANULE_SHIFT);
            let Some(owner) = granule(address).map(|granule| granule.owner.load(Acquire)) else {
                continue;
            };
            if owner != last
                && let Some(found) = owner_of(address)
            {
                visit(found);
            }
            last = owner;
        }
    }
}

/// For debuggers.
pub static FACTS: [Fact; 8] = [
    Fact::place("page_map.root", &raw const ROOT),
    Fact::number("page_map.root_entries", ROOT_ENTRIES),
    Fact::number("page_map.root_shift", ROOT_SHIFT),
    Fact::number("page_map.leaf_granules", LEAF_GRANULES),
    Fact::number("page_map.granule_shift", GRANULE_SHIFT),
    Fact::number("page_map.direct_tag", DIRECT_TAG),
    Fact::number("Granule", size_of::<Granule>()),
    field!(Granule, owner),
];
