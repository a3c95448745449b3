//! Addresses that are freed, resized or asked about though they must not be: what the caller is
//! told, or the handler where it shows only later.
//!
//! Each case runs in a child process, for some of them leave the heap in disorder.

mod support;

use heapwarden_core::os::page_size;
use heapwarden_core::size_class::{CLASSES, TABLE};
use heapwarden_core::{
    Misuse, allocate, allocate_aligned, free, locate, reallocate, set_misuse_handler, trim,
    usable_size, verify_structures,
};
use std::sync::Mutex;
use support::child::{self, End};

const OK: End = End::Status(0);
const LARGE: usize = 200_000;
const DIRECT: usize = 40 << 20;

fn free_at(address: usize) -> Result<(), Misuse> {
    // SAFETY: the tests give their blocks up, and the child ends when the test does.
    unsafe { free(address as *mut u8) }
}

fn resize_at(address: usize) -> Result<*mut u8, Misuse> {
    // SAFETY: as above.
    unsafe { reallocate(address as *mut u8, 100) }
}

/// An address behind `block` where the test maps a page of its own.
fn map_behind(block: usize) -> usize {
    let end = block + locate(block).expect("a block").size;
    // SAFETY: MAP_FIXED_NOREPLACE maps nothing over memory that is in use.
    let page = unsafe {
        libc::mmap(
            end as *mut libc::c_void,
            page_size(),
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE,
            -1,
            0,
        )
    };
    assert_eq!(page as usize, end, "the page behind a direct block is free");
    end
}

static FOUND: Mutex<Vec<(Misuse, usize)>> = Mutex::new(Vec::new());

fn remember(misuse: Misuse, address: usize) {
    FOUND.lock().unwrap().push((misuse, address));
}

fn found() -> Vec<(Misuse, usize)> {
    std::mem::take(&mut *FOUND.lock().unwrap())
}

#[test]
fn foreign_addresses_are_refused() {
    let end = child::run(|| {
        let local = 0u64;
        let boxed = Box::new(0u64);
        for address in [8, &raw const local as usize, &raw const *boxed as usize, usize::MAX - 7] {
            assert_eq!(free_at(address), Err(Misuse::Foreign));
            assert_eq!(resize_at(address), Err(Misuse::Foreign));
            assert_eq!(usable_size(address as *const u8), None);
        }
        assert_eq!(free_at(0), Ok(()), "null");
    });
    assert_eq!(end, OK);
}

#[test]
fn a_foreign_mapping_behind_a_direct_block_is_foreign() {
    let end = child::run(|| {
        let block = allocate(DIRECT + page_size()) as usize;
        let foreign = map_behind(block);
        assert_eq!(locate(foreign), None);
        assert_eq!(free_at(foreign), Err(Misuse::Foreign));
        assert_eq!(resize_at(foreign), Err(Misuse::Foreign));
        assert_eq!(free_at(foreign - 16), Err(Misuse::Interior));
        assert_eq!(free_at(block), Ok(()));
    });
    assert_eq!(end, OK);
}

#[test]
fn interior_addresses_of_large_blocks_are_refused() {
    for size in [LARGE, DIRECT] {
        let end = child::run(move || {
            let block = allocate(size) as usize;
            for offset in [1, 16, page_size(), size / 2, size - 1] {
                assert_eq!(free_at(block + offset), Err(Misuse::Interior), "{offset}");
                assert_eq!(resize_at(block + offset), Err(Misuse::Interior), "{offset}");
            }
            assert_eq!(free_at(block), Ok(()));
            verify_structures();
        });
        assert_eq!(end, OK, "{size}");
    }
}

#[test]
fn a_large_block_freed_twice_is_refused() {
    for (size, expected) in [(LARGE, Misuse::DoubleFree), (DIRECT, Misuse::Foreign)] {
        let end = child::run(move || {
            let (block, _neighbour) = (allocate(size) as usize, allocate(size));
            assert_eq!(free_at(block), Ok(()));
            assert_eq!(free_at(block), Err(expected));
            assert_eq!(resize_at(block), Err(expected));
            verify_structures();
        });
        assert_eq!(end, OK, "{size}");
    }
}

#[test]
fn resizing_the_inside_of_a_slot_is_refused() {
    let end = child::run(|| {
        let block = allocate(100) as usize;
        assert_eq!(resize_at(block + 16), Err(Misuse::Interior));
        assert_eq!(usable_size((block + 16) as *const u8), None);
    });
    assert_eq!(end, OK);
}

#[test]
fn a_slot_freed_twice_is_found_when_it_comes_home() {
    for class in [1, 8, 20, CLASSES - 1] {
        let end = child::run(move || {
            set_misuse_handler(remember);
            let block = allocate(TABLE[class].slot_bytes as usize) as usize;
            assert_eq!(free_at(block), Ok(()));
            assert_eq!(free_at(block), Ok(()), "the cache does not look");
            trim(0);
            assert_eq!(found(), [(Misuse::DoubleFree, block)]);
            verify_structures();
        });
        assert_eq!(end, OK, "{class}");
    }
}

#[test]
fn an_address_within_a_slot_is_found_when_it_comes_home() {
    let end = child::run(|| {
        set_misuse_handler(remember);
        let block = allocate(160) as usize;
        assert_eq!(free_at(block + 32), Ok(()), "the cache does not look");
        trim(0);
        assert_eq!(found(), [(Misuse::Interior, block + 32)]);
        verify_structures();
        assert!(locate(block).is_some_and(|found| found.live), "the block still lives");
        assert_eq!(free_at(block), Ok(()));
        trim(0);
        assert_eq!(found(), []);
    });
    assert_eq!(end, OK);
}

#[test]
fn a_slot_freed_by_two_threads_is_found() {
    let end = child::run(|| {
        set_misuse_handler(remember);
        let block = allocate(48) as usize;
        for _ in 0..2 {
            std::thread::spawn(move || free_at(block)).join().unwrap().unwrap();
        }
        trim(0);
        assert_eq!(found(), [(Misuse::DoubleFree, block)]);
    });
    assert_eq!(end, OK);
}

#[test]
fn without_a_handler_misuse_ends_the_process() {
    let end = child::run(|| {
        let block = allocate(100) as usize;
        assert_eq!(free_at(block), Ok(()));
        assert_eq!(free_at(block), Ok(()));
        trim(0);
    });
    assert_eq!(end, End::Signal(libc::SIGABRT));
}

#[test]
fn an_address_behind_the_last_slot_is_no_block() {
    let end = child::run(|| {
        set_misuse_handler(remember);
        // A class whose slots do not fill their slab.
        let class = (1..CLASSES)
            .find(|class| TABLE[*class].pages as usize * page_size() % slot_bytes(*class) > 16)
            .expect("a class with a rest");
        let (bytes, pages) = (slot_bytes(class), TABLE[class].pages as usize);
        let slab = allocate_aligned(bytes, 16) as usize;
        let rest = slab + pages * page_size() - 16;
        assert_eq!(locate(slab).map(|found| found.block), Some(slab));
        assert_eq!(locate(rest), None);
        assert_eq!(usable_size(rest as *const u8), None);
        assert_eq!(resize_at(rest), Err(Misuse::Interior));
        assert_eq!(free_at(rest), Ok(()), "the cache does not look");
        trim(0);
        assert_eq!(found(), [(Misuse::Interior, rest)]);
    });
    assert_eq!(end, OK);
}

fn slot_bytes(class: usize) -> usize {
    TABLE[class].slot_bytes as usize
}
