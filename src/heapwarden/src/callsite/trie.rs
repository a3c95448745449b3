//! All stacks as one trie: a node is a frame and, by its parent, all frames around it. Stacks that
//! share their outer frames share these nodes, and to find a stack costs only the frames that are new.
//!
//! The children of a node hang in a list at it, up to [`SIBLINGS_MAX`] of them; the others in lists
//! at the places of a table. A child is entered at its list's end, by a compare-and-swap of the link
//! that ended the search, so it is entered once, without a lock, also from a signal handler; what a
//! fork interrupts is at most a number that nobody finds. A program that goes through a structure again
//! finds children in the order in which it met them first: those before have just been looked at.
//! Cost: 24 bytes a frame. A search follows links between nodes that were mostly made one after the
//! other, and so lie side by side; it hits one or two cache lines where a hash table misses.

use super::numbered::{Numbered, Zeroed};
use core::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::field;
use heapwarden_core::layout::Fact;

/// A frame with its callers. All but the links is written before it is entered, and stays.
pub struct Node {
    pc: AtomicUsize,
    parent: AtomicU32,
    /// The child entered first.
    children: AtomicU32,
    /// The next in the list that it hangs in.
    next: AtomicU32,
    /// The call site that was last found to end here; 0 if nobody has asked.
    pub site: AtomicU32,
}

// SAFETY: atomics.
unsafe impl Zeroed for Node {}

/// How many children hang in the node's own list.
const SIBLINGS_MAX: u32 = 8;
const PLACES: usize = 1 << 18;

/// Nodes, and the lists of those that their parent has no room for.
pub struct Trie {
    nodes: Numbered<Node>,
    places: [AtomicU32; PLACES],
}

/// The trie of all stacks.
pub static STACKS: Trie = Trie::new();

impl Trie {
    /// Empty.
    pub const fn new() -> Trie {
        Trie { nodes: Numbered::new(), places: [const { AtomicU32::new(0) }; PLACES] }
    }

    /// The node of that number.
    #[inline(always)]
    pub fn node(&self, number: u32) -> Option<&Node> {
        self.nodes.get(number)
    }

    /// The node of a number that is one's.
    ///
    /// # Safety
    /// It is.
    #[inline(always)]
    pub unsafe fn claimed(&self, number: u32) -> &Node {
        // SAFETY: the caller's promise.
        unsafe { self.nodes.claimed(number) }
    }

    /// The node of the frame `pc` called from `parent` (0 for a frame without one), which is made
    /// if there is none; 0 if there is no memory.
    ///
    /// # Safety
    /// `parent` is 0 or a node of this trie.
    #[inline(always)]
    pub unsafe fn child(&self, parent: u32, pc: usize) -> u32 {
        if parent != 0 {
            // SAFETY: the caller's promise. Links lead to nodes that were claimed, and whoever sees
            // one sees the node. Acquire: pairs with the Release in `in_list`.
            unsafe {
                let mut number = self.nodes.claimed(parent).children.load(Acquire);
                while number != 0 {
                    let child = self.nodes.claimed(number);
                    if child.pc.load(Relaxed) == pc {
                        return number;
                    }
                    number = child.next.load(Acquire);
                }
            }
        }
        self.find_or_enter(parent, pc)
    }

    /// The node of a stack, innermost frame last, as [`child`](Self::child).
    pub fn enter(&self, mut stack: impl Iterator<Item = usize>) -> u32 {
        // SAFETY: what `child` says, if not 0, is a node; after a 0 there is no further question.
        let child = |parent, pc| match unsafe { self.child(parent, pc) } {
            0 => None,
            node => Some(node),
        };
        stack.try_fold(0, child).unwrap_or(0)
    }

    #[cold]
    #[inline(never)]
    fn find_or_enter(&self, parent: u32, pc: usize) -> u32 {
        if let Some(node) = self.node(parent)
            && let Some(number) = self.in_list(&node.children, SIBLINGS_MAX, parent, pc)
        {
            return number;
        }
        let mixed = (pc as u64)
            .wrapping_add(u64::from(parent).wrapping_mul(0xd6e8_feb8_6659_fd93))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = &self.places[(mixed >> 32) as usize % PLACES];
        self.in_list(place, u32::MAX, parent, pc).unwrap_or(0)
    }

    /// Finds the child in a list or enters it there; `None` if the list is full, `Some(0)` if there
    /// is no memory.
    fn in_list(&self, head: &AtomicU32, max: u32, parent: u32, pc: usize) -> Option<u32> {
        let (mut link, mut length, mut fresh) = (head, 0, 0);
        loop {
            // Acquire, here and in `child`: pairs with the Release below.
            let number = link.load(Acquire);
            if number != 0 {
                let child = self.node(number)?;
                if child.pc.load(Relaxed) == pc && child.parent.load(Relaxed) == parent {
                    return Some(number);
                }
                link = &child.next;
                length += 1;
                continue;
            }
            if length >= max {
                return None;
            }
            if fresh == 0 {
                let Some((number, node)) = self.nodes.claim() else { return Some(0) };
                node.pc.store(pc, Relaxed);
                node.parent.store(parent, Relaxed);
                fresh = number;
            }
            if link.compare_exchange(0, fresh, Release, Relaxed).is_ok() {
                return Some(fresh);
            }
        }
    }

    /// Where the addresses of the chunks of nodes lie, for debuggers.
    pub const fn place(&self) -> *const AtomicPtr<Node> {
        self.nodes.place()
    }

    /// The frames from a node outwards.
    pub fn frames(&'static self, node: u32) -> Frames {
        Frames { trie: self, node }
    }
}

/// The code addresses of a node and of those around it.
#[derive(Clone, Copy)]
pub struct Frames {
    trie: &'static Trie,
    node: u32,
}

impl Iterator for Frames {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let node = self.trie.node(self.node)?;
        self.node = node.parent.load(Relaxed);
        Some(node.pc.load(Relaxed))
    }
}

/// For debuggers.
pub static FACTS: [Fact; 4] = [
    Fact::place("nodes", STACKS.place()),
    Fact::number("Node", size_of::<Node>()),
    field!(Node, pc),
    field!(Node, parent),
];

#[cfg(test)]
mod tests;
