//! What a child does: requests, and one bug among them.

use crate::bug::Bug;
use heapwarden::Heapwarden;
use heapwarden::checked::check_heap;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use std::alloc::{GlobalAlloc, Layout};

pub static HEAP: Heapwarden = Heapwarden::new();

/// A live block.
#[derive(Clone, Copy)]
pub struct Block {
    pub start: *mut u8,
    pub layout: Layout,
}

/// A sequence with at most one bug.
#[derive(Arbitrary, Debug)]
pub struct Input {
    steps: Vec<Step>,
    /// After which step the bug happens, and to which block.
    moment: u8,
    victim: u8,
    bug: Option<Bug>,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Step {
    Allocate {
        size: u16,
        alignment: u8,
    },
    /// A block that is larger than any slot.
    Large {
        pages: u8,
    },
    Free {
        block: u8,
    },
    Resize {
        block: u8,
        size: u16,
    },
}

/// So many steps, so that a child is quick.
const STEPS_MAX: usize = 64;

impl Input {
    /// The kind that the child has to report.
    pub fn expected(&self) -> Option<&'static str> {
        self.bug.map(Bug::kind)
    }
}

/// Runs in the child.
pub fn run(input: &Input) {
    let mut blocks = Vec::new();
    let steps = &input.steps[..input.steps.len().min(STEPS_MAX)];
    let moment = usize::from(input.moment) % (steps.len() + 1);
    for (position, step) in steps.iter().enumerate() {
        if position == moment {
            happen(input, &mut blocks);
        }
        take(*step, &mut blocks);
    }
    if moment == steps.len() {
        happen(input, &mut blocks);
    }
    for block in blocks {
        // SAFETY: a live block.
        unsafe { HEAP.dealloc(block.start, block.layout) };
    }
    check_heap("the end");
}

/// The bug, on a live block; there is one in any case.
fn happen(input: &Input, blocks: &mut Vec<Block>) {
    let Some(bug) = input.bug else { return };
    if blocks.is_empty() {
        blocks.push(allocate(24, 8));
    }
    let position = usize::from(input.victim) % blocks.len();
    bug.happen(blocks, position);
}

fn take(step: Step, blocks: &mut Vec<Block>) {
    let position = |index: u8| usize::from(index).checked_rem(blocks.len());
    match step {
        Step::Allocate { size, alignment } => {
            blocks.push(allocate(usize::from(size % 4096), 1 << (alignment % 10)));
        }
        Step::Large { pages } => blocks.push(allocate((usize::from(pages) + 9) * 4096 + 100, 1)),
        Step::Free { block } => {
            if let Some(position) = position(block) {
                let block = blocks.swap_remove(position);
                // SAFETY: a live block.
                unsafe { HEAP.dealloc(block.start, block.layout) };
            }
        }
        Step::Resize { block, size } => {
            if let Some(position) = position(block) {
                let Block { start, layout } = blocks[position];
                let size = usize::from(size).max(1);
                let layout_after = Layout::from_size_align(size, layout.align()).expect("valid");
                // SAFETY: a live block, and the size is not 0.
                let start = unsafe { HEAP.realloc(start, layout, size) };
                assert!(!start.is_null());
                blocks[position] = Block { start, layout: layout_after };
            }
        }
    }
}

fn allocate(size: usize, alignment: usize) -> Block {
    let layout = Layout::from_size_align(size.max(1), alignment).expect("a layout");
    // SAFETY: the size is not 0.
    let start = unsafe { HEAP.alloc(layout) };
    assert!(!start.is_null());
    Block { start, layout }
}
