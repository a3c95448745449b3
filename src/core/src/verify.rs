//! A check of the core's own structures against each other, for tests and for doubt.
//!
//! Cost: a look at every page of every heap.

use crate::arena::Inner;
use crate::os::{PAGE, PAGE_SHIFT};
use crate::pages::heap::Heap;
use crate::pages::page_map::{Owner, class_at, owner_of};
use crate::pages::run::{LARGE_CLASS, Run, RunState};
use crate::slabs::size_class::{CLASSES, TABLE};
use crate::{arena::arenas, trim};

/// Aborts with a message if any arena contradicts itself.
pub fn verify_structures() {
    crate::entry::check_fork();
    arenas::visit(&mut |arena| {
        if let Some(inside) = arena.enter() {
            // SAFETY: the arena's key is held.
            unsafe { verify_arena(&inside) };
        }
    });
}

struct Sums {
    free_pages: usize,
    dirty_pages: usize,
    slabs: [u32; CLASSES],
    heaps: u32,
    mapped: usize,
    out: usize,
}

unsafe fn verify_arena(inside: &Inner) {
    let mut sums =
        Sums { free_pages: 0, dirty_pages: 0, slabs: [0; CLASSES], heaps: 0, mapped: 0, out: 0 };
    trim::visit_heaps(&inside.pages, &mut |heap| {
        // SAFETY: the caller holds the key.
        unsafe { verify_heap(heap, &mut sums) };
    });
    check!(sums.free_pages == inside.pages.bins.free_pages, "free pages miscounted");
    check!(sums.dirty_pages == inside.pages.dirty_pages, "dirty pages miscounted");
    check!(sums.heaps == inside.pages.heap_count, "heaps miscounted");
    check!(sums.mapped == inside.pages.mapped_bytes, "mapped bytes miscounted");
    check!(sums.out == inside.out_bytes, "bytes that are out miscounted");
    for (class, bin) in inside.bins.iter().enumerate() {
        check!(sums.slabs[class] == bin.slab_count, "slabs miscounted");
    }
}

unsafe fn verify_heap(heap: *mut Heap, sums: &mut Sums) {
    // SAFETY: the caller holds the arena's key; below the top the runs follow one another.
    unsafe {
        sums.heaps += 1;
        sums.mapped += (*heap).pages as usize * PAGE;
        check!((*heap).touched >= (*heap).top, "the top was never touched");
        sums.dirty_pages += ((*heap).touched - (*heap).top) as usize;
        let mut page = 0;
        let mut last_was_free = false;
        while page < (*heap).top as usize {
            let run = (*heap).run(page);
            let length = (*run).pages as usize;
            check!((*run).heap == heap && (*run).page as usize == page, "a run is misplaced");
            check!(length > 0 && page + length <= (*heap).top as usize, "a run is too long");
            let is_free = (*run).state == RunState::Free;
            check!(!(is_free && last_was_free), "two free runs are neighbours");
            verify_pages(heap, run);
            match (*run).state {
                RunState::Free => {
                    sums.free_pages += length;
                    sums.dirty_pages += if (*run).clean { 0 } else { length };
                }
                RunState::Slab => verify_slab(heap, run, sums),
                RunState::Large => sums.out += length * PAGE,
                RunState::Unused => check!(false, "a page belongs to no run"),
            }
            last_was_free = is_free;
            page += length;
        }
        check!(!last_was_free, "a free run borders the top");
    }
}

/// The page tables say the same as the run.
unsafe fn verify_pages(heap: *mut Heap, run: *mut Run) {
    // SAFETY: as for `verify_heap`.
    unsafe {
        let start = (*run).page as usize;
        let expected = match (*run).state {
            RunState::Slab => (*run).class,
            RunState::Large => LARGE_CLASS,
            _ => 0,
        };
        for page in start..start + (*run).pages as usize {
            let address = (*heap).base + (page << PAGE_SHIFT);
            check!(class_at(address) == expected, "a page has another class than its run");
            check!(
                matches!(owner_of(address), Some(Owner::Heap(found)) if found == heap),
                "the page map leads to another heap"
            );
            if expected != 0 {
                check!((*heap).first_page(page) == start, "a page leads to another run");
            }
        }
        if expected == 0 {
            let last = start + (*run).pages as usize - 1;
            check!((*heap).first_page(last) == start, "a free run's end leads elsewhere");
        }
    }
}

unsafe fn verify_slab(heap: *mut Heap, run: *mut Run, sums: &mut Sums) {
    // SAFETY: as for `verify_heap`.
    unsafe {
        let bits = (*heap).free_bits((*run).page as usize);
        let words = ((*run).slots as usize).div_ceil(64);
        let free: u32 = (0..words).map(|word| (*bits.add(word)).count_ones()).sum();
        check!(free == (*run).free_slots, "a slab's free slots are miscounted");
        check!((*run).listed == (free > 0), "a slab with free slots is not in its bin");
        for word in 0..(*run).first_free_word as usize {
            check!(*bits.add(word) == 0, "a free slot lies below the first free word");
        }
        let class = (*run).class as usize;
        sums.slabs[class] += 1;
        sums.out += ((*run).slots - free) as usize * TABLE[class].slot_bytes as usize;
    }
}
