//! Sequences of operations on the allocator against a model: every block is aligned, overlaps no other
//! one, and holds what was written to it, whatever happens to others.
//!
//! The profile and the options are those of `HEAPWARDEN_OPTIONS`.

#![no_main]

use heapwarden::Heapwarden;
use heapwarden::checked::check_heap;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use std::alloc::{GlobalAlloc, Layout};
use std::collections::BTreeMap;

static HEAP: Heapwarden = Heapwarden::new();

/// The most bytes of all blocks together, so that no input is slow.
const BYTES_MAX: usize = 2 << 20;

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Operation {
    Allocate { size: Size, alignment: u8, zeroed: bool },
    Free { block: u8 },
    Resize { block: u8, size: Size },
    Check { block: u8 },
    CheckHeap,
    Trim,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Size {
    Small(u8),
    Medium(u16),
    /// In units of 16 bytes, or one byte less: up to a MiB.
    Large(u16, bool),
}

impl Size {
    /// Not 0, as `GlobalAlloc` wants it.
    fn bytes(self) -> usize {
        match self {
            Size::Small(size) => usize::from(size).max(1),
            Size::Medium(size) => usize::from(size).max(1),
            Size::Large(units, odd) => (usize::from(units) + 1) * 16 - usize::from(odd),
        }
    }
}

/// A live block of the model.
struct Block {
    layout: Layout,
    seed: u8,
}

/// The byte that stands at a position of a block.
fn byte(seed: u8, position: usize) -> u8 {
    seed ^ (position as u8).wrapping_mul(31) ^ (position >> 8) as u8
}

/// The blocks by address: so the neighbours of a new one are found.
#[derive(Default)]
struct Model {
    blocks: BTreeMap<usize, Block>,
    bytes: usize,
    seed: u8,
}

impl Model {
    fn address(&self, index: u8) -> Option<usize> {
        let count = self.blocks.len();
        let position = usize::from(index).checked_rem(count)?;
        self.blocks.keys().nth(position).copied()
    }

    fn insert(&mut self, start: *mut u8, layout: Layout) {
        let address = start.addr();
        assert_eq!(address % layout.align(), 0, "{start:?} for {layout:?}");
        if let Some((below, block)) = self.blocks.range(..=address).next_back() {
            assert!(below + block.layout.size() <= address, "{start:?} lies in a block");
        }
        if let Some((above, _)) = self.blocks.range(address..).next() {
            assert!(address + layout.size() <= *above, "{start:?} reaches into a block");
        }
        self.seed = self.seed.wrapping_add(73);
        for position in 0..layout.size() {
            // SAFETY: within the new block.
            unsafe { start.add(position).write(byte(self.seed, position)) };
        }
        self.bytes += layout.size();
        self.blocks.insert(address, Block { layout, seed: self.seed });
    }

    fn remove(&mut self, address: usize) -> Option<Block> {
        let block = self.blocks.remove(&address)?;
        self.bytes -= block.layout.size();
        Some(block)
    }
}

/// Compares the first `count` bytes of a block.
fn verify(start: *const u8, seed: u8, count: usize) {
    for position in 0..count {
        // SAFETY: within a live block.
        let found = unsafe { start.add(position).read() };
        assert_eq!(found, byte(seed, position), "at {position} of {start:?}");
    }
}

fn pointer(address: usize) -> *mut u8 {
    std::ptr::with_exposed_provenance_mut(address)
}

fn allocate(model: &mut Model, size: Size, alignment: u8, zeroed: bool) {
    let layout = Layout::from_size_align(size.bytes(), 1 << (alignment % 13)).expect("a layout");
    if model.bytes + layout.size() > BYTES_MAX {
        return;
    }
    // SAFETY: the size is not 0.
    let start = unsafe { if zeroed { HEAP.alloc_zeroed(layout) } else { HEAP.alloc(layout) } };
    assert!(!start.is_null(), "no memory for {layout:?}");
    start.expose_provenance();
    if zeroed {
        // SAFETY: within the new block.
        let is_zero = |position| unsafe { start.add(position).read() } == 0;
        assert!((0..layout.size()).all(is_zero), "{layout:?} is not zeroed");
    }
    model.insert(start, layout);
}

fn free(model: &mut Model, address: usize) {
    let Some(block) = model.remove(address) else { return };
    verify(pointer(address), block.seed, block.layout.size());
    // SAFETY: a live block of that layout.
    unsafe { HEAP.dealloc(pointer(address), block.layout) };
}

fn resize(model: &mut Model, address: usize, size: Size) {
    let size = size.bytes();
    if model.bytes + size > BYTES_MAX {
        return;
    }
    let Some(block) = model.remove(address) else { return };
    let kept = size.min(block.layout.size());
    verify(pointer(address), block.seed, kept);
    // SAFETY: a live block of that layout, and the size is not 0.
    let moved = unsafe { HEAP.realloc(pointer(address), block.layout, size) };
    assert!(!moved.is_null(), "no memory for {size}");
    moved.expose_provenance();
    verify(moved, block.seed, kept);
    let layout = Layout::from_size_align(size, block.layout.align()).expect("a layout");
    model.insert(moved, layout);
}

fuzz_target!(|operations: Vec<Operation>| {
    let mut model = Model::default();
    for operation in operations {
        match operation {
            Operation::Allocate { size, alignment, zeroed } => {
                allocate(&mut model, size, alignment, zeroed);
            }
            Operation::Free { block } => {
                if let Some(address) = model.address(block) {
                    free(&mut model, address);
                }
            }
            Operation::Resize { block, size } => {
                if let Some(address) = model.address(block) {
                    resize(&mut model, address, size);
                }
            }
            Operation::Check { block } => {
                if let Some((address, block)) =
                    model.address(block).and_then(|address| model.blocks.get_key_value(&address))
                {
                    verify(pointer(*address), block.seed, block.layout.size());
                }
            }
            Operation::CheckHeap => assert_eq!(check_heap("the target"), 0),
            Operation::Trim => {
                heapwarden::front::malloc_trim(0);
            }
        }
    }
    while let Some((address, _)) = model.blocks.first_key_value() {
        let address = *address;
        free(&mut model, address);
    }
});
