//! What a leak check found: plain data that lives in the memory of the check.
//!
//! Stacks are numbers of call sites ([`crate::callsite`]); addresses are what they were when the
//! program stood still. Nothing here is owned: the check's memory goes when the report is told.

use core::ops::Range;

/// How a live block can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeakKind {
    /// Nothing points to it.
    Definite,
    /// Only lost blocks point to it.
    Indirect,
    /// Only pointers into its middle, or lost blocks that are reached like that, lead to it.
    Possible,
    /// The program can still reach it.
    Reachable,
}

impl LeakKind {
    /// Every kind, in the order of the report.
    pub const ALL: [LeakKind; 4] =
        [LeakKind::Definite, LeakKind::Indirect, LeakKind::Possible, LeakKind::Reachable];

    /// The stable name.
    pub const fn id(self) -> &'static str {
        match self {
            LeakKind::Definite => "definite",
            LeakKind::Indirect => "indirect",
            LeakKind::Possible => "possible",
            LeakKind::Reachable => "reachable",
        }
    }
}

/// So many blocks of so many bytes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requested bytes.
    pub bytes: u64,
    /// Blocks.
    pub blocks: u64,
}

/// The blocks of one kind from one call site.
#[derive(Clone, Debug)]
pub struct Record {
    /// How they can be reached.
    pub kind: LeakKind,
    /// Where they were allocated; 0 is unknown.
    pub site: u32,
    /// The blocks themselves.
    pub own: Tally,
    /// What only they lead to: the memory that would go with them. Without `own`.
    pub retained: Tally,
    /// The first of the blocks.
    pub example: usize,
    /// The number of the thread that allocated it.
    pub thread: u16,
    /// The edges of the cycle that the blocks form, in [`Check::edges`]; empty if they form none.
    pub cycle: Range<usize>,
}

/// A pointer in a block of a cycle to the next block of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The block that holds the pointer.
    pub from: usize,
    /// The call site of that block.
    pub from_site: u32,
    /// Where in it the pointer lies.
    pub offset: usize,
    /// The block that it leads to.
    pub to: usize,
    /// Where in that block it points.
    pub to_offset: usize,
}

/// Where a pointer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A variable of a module, at this address.
    Global(usize),
    /// The stack of the thread with this kernel number.
    Stack(u32),
    /// Thread-local memory of the thread with this kernel number.
    ThreadLocal(u32),
    /// A register of the thread with this kernel number.
    Register(u32),
    /// A range that the program registered.
    Registered,
    /// Memory that the program mapped by itself.
    Mapped,
    /// A live block from this call site, at this distance from its start.
    Block {
        /// The block's first byte.
        address: usize,
        /// Its call site.
        site: u32,
        /// The pointer's distance from the start.
        offset: usize,
    },
}

/// Memory that the program can reach and that points into a freed block.
#[derive(Clone, Copy, Debug)]
pub struct Dangling {
    /// What holds the pointer.
    pub holder: Holder,
    /// Where the pointer lies; 0 for a register.
    pub at: usize,
    /// The freed block.
    pub block: usize,
    /// Its size.
    pub size: usize,
    /// Where in it the pointer points.
    pub offset: usize,
    /// Where the block was allocated.
    pub allocated_at: u32,
    /// Where it was freed.
    pub freed_at: u32,
    /// The numbers of the threads that did that.
    pub threads: (u16, u16),
}

/// What could not be looked at, and for how long the program stood still.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coverage {
    /// Threads that were stopped, the one that checks included.
    pub threads_stopped: u32,
    /// Threads that could not be: their stacks were read while they ran, their registers not.
    pub threads_missed: u32,
    /// What the program mapped by itself could not be read: blocks that are known there only are
    /// called lost.
    pub mappings_missed: bool,
    /// There was no memory for the check: nothing is known.
    pub no_memory: bool,
    /// How long other threads stood still.
    pub pause_nanoseconds: u64,
    /// How long the check took.
    pub elapsed_nanoseconds: u64,
    /// Bytes of roots that were read.
    pub root_bytes: u64,
    /// Bytes of blocks that were read.
    pub block_bytes: u64,
    /// Pointers to freed blocks that were seen; [`Check::dangling`] has the first of each sort.
    pub dangling_pointers: u64,
}

impl Check<'_> {
    /// What is of that kind.
    pub fn total(&self, kind: LeakKind) -> Tally {
        self.totals[kind as usize]
    }

    /// What leaked: definitely lost blocks and those that only these lead to. A pointer into the
    /// middle of a block is mostly meant, so what is only possibly lost does not count.
    pub fn lost(&self) -> Tally {
        let (definite, indirect) = (self.total(LeakKind::Definite), self.total(LeakKind::Indirect));
        Tally { bytes: definite.bytes + indirect.bytes, blocks: definite.blocks + indirect.blocks }
    }
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Check<'a> {
    /// By kind, in the order of [`LeakKind::ALL`]; suppressed blocks are not counted.
    pub totals: [Tally; 4],
    /// One per kind and call site (and one per cycle), most bytes first.
    pub records: &'a [Record],
    /// The edges of all cycles.
    pub edges: &'a [Edge],
    /// Pointers into freed blocks, one per holder; those into the same block side by side.
    pub dangling: &'a [Dangling],
    /// What was looked at.
    pub coverage: Coverage,
}
