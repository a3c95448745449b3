//! What a report says of a block: where it is, whose it is, what happened to it.

use crate::callsite::Stack;
use crate::chunk::Family;

/// A block and its history.
#[derive(Clone, Copy, Debug)]
pub struct BlockFacts<'a> {
    /// Its first byte.
    pub address: usize,
    /// The size that was asked for.
    pub size: usize,
    /// The functions it belongs to.
    pub family: Family,
    /// In use or freed.
    pub state: BlockState,
    /// Where it was allocated.
    pub allocated: Option<Event<'a>>,
    /// Where it was freed.
    pub freed: Option<Event<'a>>,
    /// The how-manieth allocation it was; 0 if not known.
    pub sequence: u64,
}

/// Something that happened to a block.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The stack; empty if none was kept.
    pub frames: Stack<'a>,
    /// Our number of the thread.
    pub thread: u32,
    /// The kernel's number of it.
    pub tid: u32,
}

/// Whether a block is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockState {
    /// In use.
    Live,
    /// Freed, and not yet handed out again.
    Freed,
}
