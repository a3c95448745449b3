//! `Heapwarden` as the allocator of a Rust program, which this test program is: everything std and
//! the test harness allocate comes from it as well.

use heapwarden::Heapwarden;
use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc};
use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::sync::mpsc;
use std::thread;

#[global_allocator]
static ALLOCATOR: Heapwarden = Heapwarden::new();

/// A block that checks its own contents: its first byte, its last, and those in between by stride.
struct Block {
    start: *mut u8,
    layout: Layout,
    stamp: u8,
}

impl Block {
    fn new(size: usize, alignment: usize, stamp: u8) -> Block {
        let layout = Layout::from_size_align(size, alignment).unwrap();
        // SAFETY: the size is not 0.
        let start = unsafe { alloc(layout) };
        let block = Block { start, layout, stamp };
        block.is_aligned();
        block.fill();
        block
    }

    fn is_aligned(&self) {
        assert!(!self.start.is_null(), "{:?}", self.layout);
        assert_eq!(self.start.addr() % self.layout.align(), 0, "{:?}", self.layout);
    }

    fn positions(&self) -> impl Iterator<Item = usize> + use<> {
        let size = self.layout.size();
        (0..size).step_by(size / 16 + 1).chain([size - 1])
    }

    fn fill(&self) {
        for position in self.positions() {
            // SAFETY: within the block.
            unsafe { self.start.add(position).write(self.stamp) };
        }
    }

    fn resize(&mut self, size: usize) {
        let kept = size.min(self.layout.size());
        // SAFETY: a live block of that layout, and the size is not 0.
        self.start = unsafe { realloc(self.start, self.layout, size) };
        let before: Vec<_> = self.positions().take_while(|position| *position < kept).collect();
        self.layout = Layout::from_size_align(size, self.layout.align()).unwrap();
        self.is_aligned();
        for position in before {
            // SAFETY: within the block, and written before it was resized.
            assert_eq!(unsafe { self.start.add(position).read() }, self.stamp);
        }
        self.fill();
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        for position in self.positions() {
            // SAFETY: within the block.
            assert_eq!(unsafe { self.start.add(position).read() }, self.stamp);
        }
        // SAFETY: a live block of that layout.
        unsafe { dealloc(self.start, self.layout) };
    }
}

const SIZES: [usize; 14] =
    [1, 8, 15, 16, 17, 100, 255, 1024, 4096, 5000, 40_000, 300_000, 1 << 20, 5 << 20];

#[test]
fn every_alignment_with_every_size() {
    let mut blocks = Vec::new();
    for shift in 0..=22 {
        for size in SIZES {
            blocks.push(Block::new(size, 1 << shift, shift as u8 + 1));
        }
        if shift % 5 == 4 {
            blocks.clear();
        }
    }
}

#[test]
fn zeroed_blocks_are_zero_even_after_others_were_there() {
    for round in 0..3 {
        for size in SIZES {
            for alignment in [1, 16, 64, 4096, 1 << 16] {
                let layout = Layout::from_size_align(size, alignment).unwrap();
                // SAFETY: the size is not 0.
                let start = unsafe { alloc_zeroed(layout) };
                assert!(!start.is_null());
                // SAFETY: a live block of that size.
                let bytes = unsafe { std::slice::from_raw_parts_mut(start, size) };
                assert!(bytes.iter().all(|byte| *byte == 0), "{layout:?} in round {round}");
                bytes.fill(0xaa);
                // SAFETY: a live block of that layout.
                unsafe { dealloc(start, layout) };
            }
        }
    }
}

#[test]
fn resizing_keeps_contents_and_alignment() {
    for alignment in [1, 8, 16, 32, 4096, 1 << 20] {
        for from in SIZES {
            let mut block = Block::new(from, alignment, 7);
            SIZES.iter().for_each(|to| block.resize(*to));
            SIZES.iter().rev().for_each(|to| block.resize(*to));
        }
    }
}

#[test]
fn what_cannot_be_had_is_null() {
    let huge = Layout::from_size_align(isize::MAX as usize - 4096, 16).unwrap();
    // An optimiser may assume that an allocation nobody uses succeeds.
    // SAFETY: the size is not 0.
    assert!(black_box(unsafe { alloc(huge) }).is_null());
    // SAFETY: as above.
    assert!(black_box(unsafe { alloc_zeroed(huge) }).is_null());
    let block = Block::new(100, 16, 1);
    // SAFETY: a live block of that layout; it stays as it is when null is returned.
    assert!(unsafe { realloc(block.start, block.layout, huge.size()) }.is_null());
    assert!(Vec::<u8>::new().try_reserve_exact(isize::MAX as usize).is_err());
}

#[test]
fn collections_of_many_threads_that_hand_blocks_on() {
    let (sender, receiver) = mpsc::channel::<Block>();
    let workers: Vec<_> = (0..8u8)
        .map(|number| {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut words = HashMap::new();
                for index in 0..2000usize {
                    words.insert(index.to_string(), vec![number; index % 100]);
                    if index % 7 == 0 {
                        words.remove(&(index / 2).to_string());
                        sender.send(Block::new(1 + index * 13 % 3000, 16, number + 1)).unwrap();
                    }
                }
                words.values().map(Vec::len).sum::<usize>()
            })
        })
        .collect();
    drop(sender);
    let mut kept = BTreeMap::new();
    for (index, block) in receiver.iter().enumerate() {
        kept.insert(index % 100, block);
    }
    let sums: Vec<usize> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:?}");
    assert_eq!(kept.len(), 100);
}

// SAFETY: a block may be used and freed by any thread.
unsafe impl Send for Block {}

#[test]
fn the_blocks_are_ours_and_libcs_are_not() {
    let block = Block::new(100, 1, 1);
    let found = heapwarden_core::locate(block.start.addr() + 50).expect("a block of the heap");
    assert!((found.block..found.block + found.size).contains(&block.start.addr()));
    // SAFETY: libc's own malloc.
    let other = unsafe { libc::malloc(100) };
    assert!(heapwarden_core::locate(other.addr()).is_none());
    // SAFETY: a live block of libc's.
    unsafe { libc::free(other) };
}
