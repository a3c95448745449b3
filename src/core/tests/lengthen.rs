//! A large block that grows where it is: only into pages that are free, keeping its contents.

use heapwarden_core::{allocate, free, lengthen, locate, usable_size, verify_structures};
use std::sync::Mutex;

/// One test at a time: another's blocks must not take the pages behind ours.
static ALONE: Mutex<()> = Mutex::new(());

const PAGE: usize = 4096;
const LARGE: usize = 25 * PAGE;

#[test]
fn a_large_block_takes_the_free_pages_behind_it_and_no_others() {
    let _alone = ALONE.lock();
    let (block, neighbour) = (allocate(LARGE), allocate(LARGE));
    assert!(!block.is_null() && !neighbour.is_null());
    let adjacent = neighbour as usize == block as usize + LARGE;
    // SAFETY: both blocks are this test's, and what is freed is not used again.
    unsafe {
        block.write_bytes(7, LARGE);
        if adjacent {
            assert!(!lengthen(block, LARGE + 1), "the neighbour is in use");
        }
        assert_eq!(free(neighbour), Ok(()));
        assert!(lengthen(block, LARGE + 1), "the neighbour is free");
        assert_eq!(usable_size(block), Some(LARGE + PAGE));
        assert!(lengthen(block, 10), "it is long enough already");
        assert_eq!(usable_size(block), Some(LARGE + PAGE));
        assert!((0..LARGE).all(|at| *block.add(at) == 7));
        *block.add(LARGE + PAGE - 1) = 7;
        verify_structures();
        assert_eq!(free(block), Ok(()));
    }
    verify_structures();
}

#[test]
fn other_blocks_stay_as_they_are() {
    let _alone = ALONE.lock();
    let (small, large, direct) = (allocate(100), allocate(LARGE), allocate(40 << 20));
    let local = 0u64;
    // SAFETY: the blocks are this test's; nothing else is touched.
    unsafe {
        assert!(!lengthen(small, 101));
        assert!(!lengthen(direct, 50 << 20));
        assert!(!lengthen(large.add(PAGE), LARGE), "not its start");
        assert!(!lengthen(large, usize::MAX));
        assert!(!lengthen((&raw const local).cast_mut().cast(), 100), "not ours");
        assert_eq!(locate(large as usize).map(|found| found.size), Some(LARGE));
        for block in [small, large, direct] {
            assert_eq!(free(block), Ok(()));
        }
    }
}
