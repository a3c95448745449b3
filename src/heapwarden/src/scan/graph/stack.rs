//! Blocks that are marked and wait to be read.
//!
//! The stack asks for their memory twice: when a block comes, since it is often the next to go, and
//! shortly before it goes.

use super::Node;
use super::index::prefetch;

/// Bytes that the processor fetches together.
const LINE: usize = 64;
/// So much of a block is asked for in advance; in larger ones the processor sees for itself that they
/// are read from end to end.
const AHEAD_MAX: usize = 1024;

/// The stack. A block is marked once in a pass, so it comes once.
pub struct Stack<'a> {
    room: &'a mut [u32],
    count: usize,
}

impl<'a> Stack<'a> {
    /// An empty stack with room for one entry per block.
    pub fn new(room: &'a mut [u32]) -> Self {
        Self { room, count: 0 }
    }

    /// Puts a block on the stack and asks for its memory.
    #[inline(always)]
    pub fn push(&mut self, number: u32, node: &Node) {
        self.room[self.count] = number;
        self.count += 1;
        prefetch(node.start as *const u8);
        prefetch((node.start + LINE) as *const u8);
    }

    /// Takes the newest block, and asks for the memory of the one after the next.
    #[inline(always)]
    pub fn pop(&mut self, nodes: &[Node]) -> Option<u32> {
        self.count = self.count.checked_sub(1)?;
        if let Some(ahead) = self.count.checked_sub(2) {
            let words = nodes[self.room[ahead] as usize].words();
            for line in words.take(AHEAD_MAX).step_by(LINE) {
                prefetch(line as *const u8);
            }
        }
        Some(self.room[self.count])
    }

    /// Whether nothing waits.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
