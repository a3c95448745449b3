//! What must hold of the core, given the blocks that are live.

use super::block::Block;
use super::shadow::Shadow;
use heapwarden_core::statistics::{self, Statistics};
use heapwarden_core::{BlockKind, locate, usable_size, verify_structures, walk};
use std::collections::BTreeMap;

/// `block` is found by each of its addresses that are tried.
pub fn is_found(block: &Block) {
    let last = block.usable - 1;
    for offset in [0, 1, block.usable / 2, last] {
        let found = locate(block.address + offset).expect("an address within a live block");
        assert_eq!((found.block, found.size), (block.address, block.usable), "{block:x?}");
        assert!(found.live, "{found:x?}");
    }
    assert_eq!(usable_size(block.address as *const u8), Some(block.usable));
    assert_eq!(usable_size((block.address + last) as *const u8), None, "an interior address");
}

/// `block` is not found by the addresses next to it. Those may be other threads' blocks, so this
/// is for threads that rest.
fn is_not_found_outside(block: &Block) {
    for outside in [block.address - 1, block.address + block.usable] {
        let found = locate(outside);
        assert!(found.is_none_or(|found| found.block != block.address), "{found:x?}");
    }
}

/// A walk that is made while other threads run shows at least the caller's blocks.
pub fn own_blocks_are_walked(shadow: &Shadow) {
    let mut found = 0;
    walk(&mut |block| {
        if let Some(end) = shadow.end_of(block.block) {
            assert!(block.live && block.block + block.size == end, "{block:x?}");
            found += 1;
        }
    });
    assert_eq!(found, shadow.blocks().len());
}

/// Everything, for a process whose threads rest.
pub fn at_rest(blocks: &[Block]) {
    // Entering them all into one shadow compares the blocks of different threads.
    let mut shadow = Shadow::default();
    for block in blocks {
        shadow.insert(*block);
        is_found(block);
        is_not_found_outside(block);
    }
    verify_structures();
    foreign_addresses_are_unknown();
    walk_is_exact(&shadow);
    figures_are_exact(&shadow);
}

/// Addresses that are not ours lead to nothing.
pub fn foreign_addresses_are_unknown() {
    static GLOBAL: u8 = 0;
    let local = 0u8;
    let boxed = Box::new(0u8);
    let page = vec![0u8; 1 << 20];
    let addresses = [
        0,
        1,
        &raw const GLOBAL as usize,
        &raw const local as usize,
        &raw const *boxed as usize,
        page.as_ptr() as usize,
        foreign_addresses_are_unknown as *const () as usize,
        (1 << 47) - 1,
        1 << 47,
        isize::MAX as usize,
        usize::MAX - 4096,
        usize::MAX,
    ];
    for address in addresses {
        assert_eq!(locate(address), None, "{address:#x}");
        assert_eq!(usable_size(address as *const u8), None, "{address:#x}");
    }
}

/// A walk shows the live blocks as live, all others as free, and no byte twice.
fn walk_is_exact(shadow: &Shadow) {
    let mut walked = BTreeMap::new();
    let mut live = 0;
    walk(&mut |found| {
        assert_eq!(walked.insert(found.block, found.size), None, "{found:x?} walked twice");
        let expected = shadow.end_of(found.block).map(|end| end - found.block);
        assert_eq!(expected.is_some(), found.live, "{found:x?}");
        assert!(!found.live || expected == Some(found.size), "{found:x?}, not {expected:x?}");
        live += usize::from(found.live);
    });
    assert_eq!(live, shadow.blocks().len(), "live blocks that were walked");
    let mut last_end = 0;
    for (block, size) in walked {
        assert!(block >= last_end, "{block:#x} overlaps the block before it");
        last_end = block + size;
    }
}

fn figures_are_exact(shadow: &Shadow) {
    let all = statistics::gather();
    assert_eq!(all.live_blocks, shadow.blocks().len() as u64, "live blocks: {all:?}");
    assert_eq!(all.allocations - all.frees, all.live_blocks);
    assert_eq!(all.live_bytes, shadow.bytes() as u64, "live bytes: {all:?}");
    assert!(all.peak_bytes >= all.live_bytes, "{all:?}");
    assert!(all.mapped_bytes >= all.live_bytes + all.metadata_bytes, "{all:?}");
    assert!(all.mapped_peak_bytes >= all.mapped_bytes, "{all:?}");
    assert!(all.largest_free_run <= all.free_run_bytes, "{all:?}");
    bins_are_exact(shadow);
    arenas_are_exact(shadow, &all);
}

fn bins_are_exact(shadow: &Shadow) {
    let mut live = BTreeMap::new();
    for block in shadow.blocks() {
        if let Some(BlockKind::Small { class }) = locate(block.address).map(|found| found.kind) {
            *live.entry(class).or_insert(0u64) += 1;
        }
    }
    statistics::bins(&mut |bin| {
        let expected = live.remove(&bin.class).unwrap_or(0);
        assert_eq!(bin.live, expected, "{bin:?}");
        assert!(bin.live + bin.cached <= bin.slots, "{bin:?}");
        assert!(bin.allocations >= bin.live, "{bin:?}");
    });
    assert!(live.is_empty(), "bins without figures: {live:?}");
}

fn arenas_are_exact(shadow: &Shadow, all: &Statistics) {
    let direct: Vec<_> = (shadow.blocks().iter())
        .filter(|block| matches!(kind(block), Some(BlockKind::Direct)))
        .map(|block| block.usable as u64)
        .collect();
    assert_eq!(all.direct_blocks, direct.len() as u64);
    assert_eq!(all.direct_bytes, direct.iter().sum::<u64>());
    let mut cached = 0;
    statistics::bins(&mut |bin| cached += bin.cached * u64::from(bin.slot_bytes));
    let (mut arenas, mut out, mut threads) = (0, 0, 0);
    statistics::arenas(&mut |arena| {
        arenas += 1;
        out += arena.live_bytes;
        threads += arena.threads;
        assert!(arena.live_bytes <= arena.mapped_bytes, "{arena:?}");
    });
    assert_eq!(arenas, all.arenas);
    assert_eq!(threads, all.threads, "threads of all arenas");
    assert_eq!(out + all.direct_bytes, all.live_bytes + cached, "bytes that are out");
}

fn kind(block: &Block) -> Option<BlockKind> {
    locate(block.address).map(|found| found.kind)
}
