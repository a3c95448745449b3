//! A heap: aligned granules of address space that belong to one arena, cut into page runs.
//!
//! Its descriptor and all tables about its pages live in a mapping of their own, never beside
//! user memory, and are never unmapped: a lookup that races with the heap's release (a bug of the
//! program) reads stale facts, not a hole. Retired descriptors are reused for heaps of the same
//! length.
//!
//! The untouched end is the top: it is in no bin and is used last. A free run that borders it
//! merges into it; `touched` remembers how far pages were ever used.
//!
//! Metadata: 131 bytes per page of 4 KiB (3.2 %), resident only where used.

use crate::arena::Arena;
use crate::field;
use crate::layout::Fact;
use crate::os::{PAGE, PAGE_SHIFT, mapping, page_round};
use crate::pages::page_map::{self, GRANULE};
use crate::pages::run::{Run, RunState};
use crate::sync::Locked;
use core::ptr;

/// The most pages in a heap.
pub const HEAP_PAGES_MAX: usize = (32 << 20) / PAGE;
/// Bitmap words per page: a page holds at most 256 slots of 16 bytes.
pub const WORDS_PER_PAGE: usize = 4;

/// A heap's descriptor.
pub struct Heap {
    /// Its first address.
    pub base: usize,
    /// Its length.
    pub pages: u32,
    /// Pages from here on are the top; equal to `pages` when there is none.
    pub top: u32,
    /// Pages from here on were never used since they were mapped or purged.
    pub touched: u32,
    /// When it became wholly free, in truncated milliseconds.
    pub emptied_at: u32,
    /// The arena it belongs to.
    pub arena: *mut Arena,
    /// Next heap of the arena, by address; next retired descriptor when retired.
    pub next: *mut Heap,
    /// A descriptor per page; only those of first pages mean something.
    runs: *mut Run,
    /// For each page of a slab or large block, and for the last page of a free run, the number
    /// of the run's first page.
    first: *mut u16,
    /// For each page, the class of its slab, `LARGE_CLASS`, or 0.
    classes: *mut u8,
    /// One bit per slot that is free; a slab's words start at its first page's.
    free_bits: *mut u64,
    /// Scratch bits of the same shape, for walks.
    marks: *mut u64,
    metadata_bytes: usize,
}

static RETIRED: Locked<Retired> = Locked::new(Retired(ptr::null_mut()));

struct Retired(*mut Heap);

// SAFETY: descriptors in the list are owned by the list, which is behind a lock.
unsafe impl Send for Retired {}

/// Offsets of the tables within the metadata mapping. The descriptor, the class bytes and the
/// `first` table come first, so that a small heap needs few resident pages.
struct Layout {
    classes: usize,
    first: usize,
    runs: usize,
    free_bits: usize,
    marks: usize,
    bytes: usize,
}

impl Layout {
    const fn of(pages: usize) -> Self {
        let classes = 128;
        let first = classes + pages;
        let runs = (first + pages * 2 + 63) & !63;
        let free_bits = runs + pages * size_of::<Run>();
        let marks = free_bits + pages * WORDS_PER_PAGE * 8;
        let bytes = page_round(marks + pages * WORDS_PER_PAGE * 8);
        Self { classes, first, runs, free_bits, marks, bytes }
    }
}

const _: () = assert!(size_of::<Heap>() <= 128);

/// Maps a heap of `pages` (a multiple of the granule) for `arena` and enters it into the page
/// map. Null when the kernel has no memory.
pub fn create(arena: *mut Arena, pages: usize) -> *mut Heap {
    let Some(base) = mapping::map_aligned(pages * PAGE, GRANULE) else { return ptr::null_mut() };
    let heap = take_retired(pages).unwrap_or_else(|| map_metadata(pages));
    if !heap.is_null() {
        // SAFETY: the descriptor is fresh or retired, so nobody else uses it.
        unsafe { describe(heap, arena, base, pages) };
        // SAFETY: as above.
        if page_map::enter_heap(heap, base, pages * PAGE, unsafe { (*heap).classes }) {
            return heap;
        }
        // SAFETY: not entered, so nobody knows it.
        unsafe { put_retired(heap) };
    }
    // SAFETY: mapped above, handed to nobody.
    unsafe { mapping::unmap(base, pages * PAGE) };
    ptr::null_mut()
}

fn map_metadata(pages: usize) -> *mut Heap {
    let bytes = Layout::of(pages).bytes;
    let Some(address) = mapping::map(bytes) else { return ptr::null_mut() };
    crate::private_heap::count_metadata(bytes);
    address as *mut Heap
}

fn take_retired(pages: usize) -> Option<*mut Heap> {
    RETIRED.with(|retired| {
        let mut link = &raw mut retired.0;
        // SAFETY: the list's descriptors stay mapped and are the list's under its lock.
        unsafe {
            while !(*link).is_null() {
                let heap = *link;
                if (*heap).pages as usize == pages {
                    *link = (*heap).next;
                    return Some(heap);
                }
                link = &raw mut (*heap).next;
            }
        }
        None
    })
}

/// # Safety
/// The heap is in no arena and not in the page map.
unsafe fn put_retired(heap: *mut Heap) {
    RETIRED.with(|retired| {
        // SAFETY: the caller's promise: the descriptor is ours to link.
        unsafe { (*heap).next = retired.0 };
        retired.0 = heap;
    });
}

/// # Safety
/// `heap` is a metadata mapping for `pages` that nobody else uses, with its tables zero.
unsafe fn describe(heap: *mut Heap, arena: *mut Arena, base: usize, pages: usize) {
    let layout = Layout::of(pages);
    let at = |offset: usize| (heap as usize + offset) as *mut u8;
    // SAFETY: the caller's promise; the offsets lie within the mapping and are aligned.
    unsafe {
        heap.write(Heap {
            base,
            pages: pages as u32,
            top: 0,
            touched: 0,
            emptied_at: 0,
            arena,
            next: ptr::null_mut(),
            runs: at(layout.runs).cast(),
            first: at(layout.first).cast(),
            classes: at(layout.classes),
            free_bits: at(layout.free_bits).cast(),
            marks: at(layout.marks).cast(),
            metadata_bytes: layout.bytes,
        });
    }
}

/// Gives a wholly free heap's memory back and retires its descriptor.
///
/// # Safety
/// The heap was taken out of its arena, whose lock is held; none of its pages is in use.
pub unsafe fn release(heap: *mut Heap) {
    // SAFETY: the caller's promise.
    unsafe {
        let bytes = (*heap).pages as usize * PAGE;
        page_map::remove((*heap).base, bytes);
        mapping::unmap((*heap).base, bytes);
        clear_tables(heap);
        put_retired(heap);
    }
}

/// Clears the tables of a heap that left the page map: the whole pages by the kernel, the rest by
/// hand. The descriptor itself stays readable.
///
/// # Safety
/// As for [`release`].
unsafe fn clear_tables(heap: *mut Heap) {
    // SAFETY: the ranges lie in the metadata mapping, behind the descriptor.
    unsafe {
        let whole = heap as usize + PAGE;
        let rest = (*heap).metadata_bytes - PAGE;
        if !mapping::purge(whole, rest) {
            ptr::write_bytes(whole as *mut u8, 0, rest);
        }
        let classes = (*heap).classes;
        ptr::write_bytes(classes, 0, PAGE - (classes as usize - heap as usize));
    }
}

impl Heap {
    /// The descriptor of page `page`.
    #[inline]
    pub fn run(&self, page: usize) -> *mut Run {
        debug_assert!(page < self.pages as usize);
        // SAFETY: `runs` has a descriptor for each page.
        unsafe { self.runs.add(page) }
    }

    /// The number of the page that holds `address`, which lies in this heap.
    #[inline]
    pub fn page_of(&self, address: usize) -> usize {
        (address - self.base) >> PAGE_SHIFT
    }

    /// The first page of the run that page `page` belongs to; meaningful for pages of slabs and
    /// large blocks and for the last page of a free run.
    #[inline]
    pub fn first_page(&self, page: usize) -> usize {
        // SAFETY: `first` has an entry for each page.
        unsafe { *self.first.add(page) as usize }
    }

    /// The class byte of a page.
    #[inline]
    pub fn class(&self, page: usize) -> u8 {
        // SAFETY: `classes` has a byte for each page.
        unsafe { *self.classes.add(page) }
    }

    /// The free bits of the slab that starts at `page`.
    #[inline]
    pub fn free_bits(&self, page: usize) -> *mut u64 {
        // SAFETY: four words for each page.
        unsafe { self.free_bits.add(page * WORDS_PER_PAGE) }
    }

    /// The scratch bits of the slab that starts at `page`.
    #[inline]
    pub fn marks(&self, page: usize) -> *mut u64 {
        // SAFETY: four words for each page.
        unsafe { self.marks.add(page * WORDS_PER_PAGE) }
    }

    /// Describes pages `[page, page + pages)` as one run in use, so that lookups from anywhere in
    /// it find its first page.
    ///
    /// # Safety
    /// The arena's lock is held and the pages belong to no other run.
    pub unsafe fn occupy(&mut self, page: usize, pages: usize, class: u8) {
        // SAFETY: the tables have an entry for each page; under the lock nobody else writes
        // them, and nobody looks up pages that hold no block yet.
        unsafe {
            ptr::write_bytes(self.classes.add(page), class, pages);
            for within in page..page + pages {
                *self.first.add(within) = page as u16;
            }
        }
    }

    /// Describes pages as one free run of which lookups find nothing.
    ///
    /// # Safety
    /// The arena's lock is held and the pages hold no block.
    pub unsafe fn vacate(&mut self, page: usize, pages: usize) {
        // SAFETY: as above.
        unsafe {
            ptr::write_bytes(self.classes.add(page), 0, pages);
            self.bound_free(page, pages);
        }
    }

    /// Sets the descriptor and the boundary entries of a free run.
    ///
    /// # Safety
    /// As for [`Heap::vacate`]; the class bytes of the pages are 0.
    pub unsafe fn bound_free(&mut self, page: usize, pages: usize) {
        let heap = self as *mut Heap;
        let run = self.run(page);
        // SAFETY: as above.
        unsafe {
            *self.first.add(page + pages - 1) = page as u16;
            (*run).heap = heap;
            (*run).page = page as u32;
            (*run).pages = pages as u32;
            (*run).state = RunState::Free;
        }
    }
}

/// Puts the list of retired descriptors in order in a forked child.
///
/// # Safety
/// Only the repairing thread runs.
pub unsafe fn repair_after_fork() {
    // SAFETY: the caller's promise.
    unsafe { RETIRED.restart(Retired(ptr::null_mut())) };
}

/// For debuggers.
pub static FACTS: [Fact; 10] = [
    Fact::number("page_bytes", PAGE),
    Fact::number("Heap", size_of::<Heap>()),
    Fact::number("heap.words_per_page", WORDS_PER_PAGE),
    field!(Heap, base),
    field!(Heap, pages),
    field!(Heap, top),
    field!(Heap, runs),
    field!(Heap, first),
    field!(Heap, classes),
    field!(Heap, free_bits),
];
