//! Requests that cannot be served: null, nothing counted, nothing broken, and the next that can
//! be served is.

mod support;

use heapwarden_core::statistics::gather;
use heapwarden_core::{
    allocate, allocate_aligned, allocate_zeroed, free, reallocate, verify_structures,
};
use support::block::Block;
use support::child::{self, End};

const MIB: usize = 1 << 20;

fn release(block: *mut u8) {
    // SAFETY: each block is freed once, by who holds it last.
    unsafe { free(block) }.expect("a live block");
}

#[test]
fn impossible_requests_give_null_and_change_nothing() {
    let kept = [100, 100_000, 40 * MIB].map(|size| {
        let block = Block { address: allocate(size) as usize, usable: size, seed: size as u64 };
        block.fill();
        block
    });
    let before = gather();
    let limit = isize::MAX as usize;
    for size in [1 << 47, 1 << 60, limit - 1, limit, limit + 1, usize::MAX - 4096, usize::MAX] {
        assert!(allocate(size).is_null(), "{size:#x}");
        assert!(allocate_zeroed(size).is_null(), "{size:#x}");
        for alignment in [32, 4096, 1 << 22, 1 << 40, 1 << 63] {
            assert!(allocate_aligned(size, alignment).is_null(), "{size:#x}, {alignment:#x}");
        }
        for block in &kept {
            // SAFETY: live, and only ours; a failed resize leaves it alone.
            let resized = unsafe { reallocate(block.address as *mut u8, size) };
            assert_eq!(resized, Ok(std::ptr::null_mut()), "{size:#x}");
        }
    }
    for alignment in [1 << 48, 1 << 62, 1 << 63] {
        assert!(allocate_aligned(10, alignment).is_null(), "{alignment:#x}");
    }
    let after = gather();
    assert_eq!(after.live_blocks, before.live_blocks, "{after:?}");
    assert_eq!(after.live_bytes, before.live_bytes, "{after:?}");
    assert_eq!(after.direct_blocks, before.direct_blocks, "{after:?}");
    for block in kept {
        block.verify("after failed requests");
        release(block.address as *mut u8);
    }
    verify_structures();
}

/// Goal: at the limit of address space requests of every kind fail cleanly, and what is freed
/// then can be used again, for other sizes too. Method: a child with a limit fills up with one
/// size, frees that, and goes on with the next.
#[test]
fn at_the_limit_of_address_space_memory_can_still_be_reused() {
    let end = child::run(|| {
        release(allocate(1));
        let before = gather().live_blocks;
        limit_address_space(192 * MIB);
        let mut most = [0; 2];
        for round in &mut most {
            for size in [500, 3000, 30_000, 100_000, 700_000, 5 * MIB] {
                let blocks = fill_up(size);
                *round += blocks.len() * size;
                assert!(blocks.len() * size > 64 * MIB, "{size}: {} blocks", blocks.len());
                let all = gather();
                assert_eq!(all.live_blocks - before, blocks.len() as u64, "{size}: {all:?}");
                for block in &blocks {
                    block.verify("at the limit");
                    release(block.address as *mut u8);
                }
                verify_structures();
            }
        }
        // The second round may lose to fragmentation what a few heaps and slabs hold, not more.
        assert!(most[1] * 10 > most[0] * 9, "{most:?}");
    });
    assert_eq!(end, End::Status(0));
}

fn fill_up(size: usize) -> Vec<Block> {
    // The list is the system allocator's, and needs memory under the same limit.
    let mut blocks = Vec::with_capacity(256 * MIB / size);
    while blocks.len() < blocks.capacity() {
        let block = allocate(size);
        if block.is_null() {
            break;
        }
        let seed = blocks.len() as u64;
        blocks.push(Block { address: block as usize, usable: size, seed });
        blocks[seed as usize].fill();
    }
    blocks
}

/// Allows the process `more` bytes of address space than it has.
fn limit_address_space(more: usize) {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = status.split(' ').next().unwrap().parse().unwrap();
    let most = (pages * 4096 + more) as libc::rlim_t;
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: reads one live local.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
}
