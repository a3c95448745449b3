//! What goes into an analysis: blocks and the ranges to start from.

use crate::leaks::facts::Holder;
use core::ops::Range;

/// The size of a pointer, and the step of a scan.
pub const WORD: usize = size_of::<usize>();

/// How a block can be reached, as far as is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Mark {
    /// Not at all.
    #[default]
    Lost,
    /// The pass over definite pointers met a pointer into its middle.
    Inner,
    /// Only with the help of pointers into the middle of blocks.
    Possible,
    /// By pointers to the start of blocks.
    Reachable,
}

/// A block.
#[derive(Clone, Copy, Debug, Default)]
pub struct Node {
    /// Its first byte.
    pub start: usize,
    /// The size that was asked for.
    pub size: usize,
    /// Where it was allocated.
    pub site: u32,
    /// The number of the thread that allocated it.
    pub thread: u16,
    /// [`Node::IGNORED`], [`Node::FREED`], [`Node::OPAQUE`].
    pub flags: u8,
    pub(super) mark: Mark,
}

impl Node {
    /// The block counts as reachable, whether or not something points to it.
    pub const IGNORED: u8 = 1;
    /// The block is freed and waits in the quarantine: nothing of it counts, but pointers to it dangle.
    pub const FREED: u8 = 2;
    /// Not all of the block can be read: nothing in it is looked at here.
    pub const OPAQUE: u8 = 4;

    /// A block.
    pub const fn new(start: usize, size: usize, site: u32, thread: u16, flags: u8) -> Node {
        Node { start, size, site, thread, flags, mark: Mark::Lost }
    }

    /// The end of the addresses that lead to the block: a pointer one past its end is none of its
    /// own, but an empty block has its start.
    #[inline(always)]
    pub fn end_of_starts(&self) -> usize {
        self.start + self.size.max(1)
    }

    /// Whether the block is freed.
    #[inline(always)]
    pub fn is_freed(&self) -> bool {
        self.flags & Node::FREED != 0
    }

    /// Whether nothing leads to the block.
    #[inline(always)]
    pub fn is_lost(&self) -> bool {
        self.mark == Mark::Lost && !self.is_freed()
    }

    /// The whole words of the block, as far as it can be read.
    #[inline(always)]
    pub fn words(&self) -> Range<usize> {
        let size = if self.is_opaque() { 0 } else { self.size };
        words(self.start, self.start + size)
    }

    /// Whether the block is not to be looked into.
    #[inline(always)]
    pub fn is_opaque(&self) -> bool {
        self.flags & Node::OPAQUE != 0
    }
}

/// A range that the program can reach in any case.
#[derive(Clone, Copy, Debug)]
pub struct Root {
    /// Its first byte.
    pub start: usize,
    /// Its end.
    pub end: usize,
    /// What it is.
    pub holder: Holder,
}

impl Root {
    /// The whole words of the range.
    pub fn words(&self) -> Range<usize> {
        words(self.start, self.end)
    }
}

/// The aligned words between two addresses.
#[inline(always)]
fn words(start: usize, end: usize) -> Range<usize> {
    let first = (start + WORD - 1) & !(WORD - 1);
    first..(end & !(WORD - 1)).max(first)
}

/// Reads a word of the program's memory.
///
/// # Safety
/// The address is aligned and readable. The program may be writing there: a torn or stale value is
/// as good as any, but the compiler must not read twice.
#[inline(always)]
pub unsafe fn read(address: usize) -> usize {
    // SAFETY: the caller's promise.
    unsafe { (address as *const usize).read_volatile() }
}
