//! One thread of the model: it does one random operation after another and compares what the
//! core does with what the shadow says it must.

use super::block::Block;
use super::check;
use super::random::Random;
use super::shadow::Shadow;
use super::sizes;
use heapwarden_core as core_heap;
use heapwarden_core::BlockKind;
use std::sync::Mutex;

/// More live bytes than this and a worker frees instead of allocating.
const BYTES_MAX: usize = 48 << 20;
/// As many live blocks.
const BLOCKS_MAX: usize = 4000;

/// Where workers leave blocks for each other.
pub type Exchange = Mutex<Vec<Block>>;

/// A worker with its blocks.
pub struct Worker<'a> {
    /// Its live blocks.
    pub shadow: Shadow,
    /// Bytes it asked for by other ways than `reallocate`.
    pub requested: u64,
    random: Random,
    slot_offset: usize,
    exchange: &'a Exchange,
}

impl<'a> Worker<'a> {
    /// A worker that starts with the blocks of others.
    pub fn new(
        random: Random,
        slot_offset: usize,
        exchange: &'a Exchange,
        blocks: Vec<Block>,
    ) -> Self {
        let mut shadow = Shadow::default();
        blocks.into_iter().for_each(|block| shadow.insert(block));
        Self { shadow, requested: 0, random, slot_offset, exchange }
    }

    /// One operation.
    pub fn step(&mut self) {
        let full = self.shadow.bytes() > BYTES_MAX || self.shadow.blocks().len() > BLOCKS_MAX;
        match self.random.below(1000) {
            _ if full => self.free(),
            0..250 => self.allocate(),
            250..350 => self.allocate_zeroed(),
            350..450 => self.allocate_aligned(),
            450..620 => self.reallocate(),
            620..920 => self.free(),
            920..950 => self.look(),
            950..970 => self.send(),
            970..997 => self.receive(),
            997 => {
                core_heap::trim(0);
            }
            998 => core_heap::verify_structures(),
            _ => check::own_blocks_are_walked(&self.shadow),
        }
    }

    fn allocate(&mut self) {
        let size = sizes::size(&mut self.random);
        let block = self.checked(core_heap::allocate(size), size, 16);
        self.keep(block, size);
    }

    fn allocate_zeroed(&mut self) {
        let size = sizes::size(&mut self.random);
        let block = self.checked(core_heap::allocate_zeroed(size), size, 16);
        block.verify_zero(size);
        self.keep(block, size);
    }

    fn allocate_aligned(&mut self) {
        let (size, alignment) = sizes::aligned(&mut self.random);
        let block = self.checked(core_heap::allocate_aligned(size, alignment), size, alignment);
        self.keep(block, size);
    }

    fn reallocate(&mut self) {
        let Some(old) = self.shadow.take(&mut self.random) else { return };
        let size = sizes::size(&mut self.random).max(1);
        old.verify("before reallocate");
        // SAFETY: the block is live and this worker's alone.
        let moved = unsafe { core_heap::reallocate(old.address as *mut u8, size) };
        let block = self.checked(moved.expect("a live block"), size, 16);
        Block { seed: old.seed, ..block }.verify_first(old.usable.min(size), "after reallocate");
        block.fill();
        self.shadow.insert(block);
    }

    fn free(&mut self) {
        let Some(block) = self.shadow.take(&mut self.random) else { return };
        block.verify("before free");
        // SAFETY: the block is live, this worker's alone, and forgotten by it.
        let freed = unsafe { core_heap::free(block.address as *mut u8) };
        assert_eq!(freed, Ok(()), "{block:x?}");
    }

    fn look(&mut self) {
        let Some(block) = self.shadow.any(&mut self.random) else { return };
        block.verify("while it lives");
        check::is_found(&block);
    }

    /// Leaves some blocks for others.
    fn send(&mut self) {
        for _ in 0..self.random.between(1, 8) {
            let Some(block) = self.shadow.take(&mut self.random) else { return };
            self.exchange.lock().expect("no panic survives").push(block);
        }
    }

    /// Takes what others left: freed at once (a producer's consumer) or kept.
    fn receive(&mut self) {
        let received = std::mem::take(&mut *self.exchange.lock().expect("no panic survives"));
        let keep = self.random.below(3) == 0;
        for block in received {
            block.verify("received from another thread");
            if keep {
                self.shadow.insert(block);
                continue;
            }
            // SAFETY: the block is live, and nobody else knows it any more.
            let freed = unsafe { core_heap::free(block.address as *mut u8) };
            assert_eq!(freed, Ok(()), "{block:x?}");
        }
    }

    /// A block as it was handed out, with what must hold of it at that moment.
    fn checked(&mut self, pointer: *mut u8, size: usize, alignment: usize) -> Block {
        let address = pointer as usize;
        assert!(!pointer.is_null(), "no memory for {size} bytes aligned to {alignment}");
        let found = core_heap::locate(address).expect("a block that was just handed out");
        let block = Block { address, usable: found.size, seed: self.random.next() };
        assert!(found.size >= size, "{found:x?} is too short for {size} bytes");
        let offset = match found.kind {
            BlockKind::Small { .. } => self.slot_offset,
            BlockKind::Large | BlockKind::Direct => 0,
        };
        let alignment = alignment.max(16);
        assert_eq!(address % alignment, offset, "{found:x?} for {size} bytes at {alignment}");
        check::is_found(&block);
        block
    }

    fn keep(&mut self, block: Block, size: usize) {
        self.requested += size as u64;
        block.fill();
        self.shadow.insert(block);
    }
}
