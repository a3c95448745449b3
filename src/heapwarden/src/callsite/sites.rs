//! Call sites: the innermost frames of stacks, as many as are kept of each, by number.
//!
//! A stack deeper than that has several nodes of the [`trie`](super::trie) whose innermost frames are
//! the same, for a trie begins at the outermost frame that was known. They are one call site, that of
//! the node for which it was made first: it is found by a hash of the frames, which are then compared.
//! A node keeps the answer.
//!
//! Cost: 56 bytes a call site, the sums of its counters among them; 1 MiB of zero pages for the heads
//! of the lists, touched as they fill.

use super::counters::Sums;
use super::numbered::{CHUNK, CHUNKS, Numbered, Zeroed};
use super::trie::STACKS;
use crate::unwind::hash_of;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::field;
use heapwarden_core::layout::Fact;

const PLACES: usize = 1 << 18;
const COUNT_BITS: u32 = 8;
const COUNT_MASK: u32 = (1 << COUNT_BITS) - 1;

/// A call site.
#[repr(C)]
pub struct Site {
    /// Where its frames are.
    node: AtomicU32,
    /// How many, and above that some bits of their hash.
    tag: AtomicU32,
    /// The next in the list.
    next: AtomicU32,
    /// What the threads have counted.
    pub sums: Sums,
}

// SAFETY: atomics.
unsafe impl Zeroed for Site {}

static SITES: Numbered<Site> = Numbered::new();
static PLACE: [AtomicU32; PLACES] = [const { AtomicU32::new(0) }; PLACES];

impl Site {
    fn count(&self) -> usize {
        (self.tag.load(Relaxed) & COUNT_MASK) as usize
    }
}

/// The call site of that number.
#[inline(always)]
pub fn get(number: u32) -> Option<&'static Site> {
    SITES.get(number)
}

/// How many numbers were given. They start at 1.
pub fn count() -> usize {
    SITES.last() as usize
}

/// The frames of a call site, innermost first; none for a number that is not taken.
pub fn frames(number: u32) -> impl Iterator<Item = usize> + Clone {
    let (node, count) = get(number).map_or((0, 0), |site| (site.node.load(Relaxed), site.count()));
    STACKS.frames(node).take(count)
}

/// The call site that `node` was last found to be, if that has `count` frames.
#[inline(always)]
pub fn known(node: u32, count: usize) -> Option<u32> {
    // Acquire: pairs with the Release in `find` and `make`.
    let number = STACKS.node(node)?.site.load(Acquire);
    (get(number)?.count() == count).then_some(number)
}

/// The same for a number that is known to be a node's.
///
/// # Safety
/// It is.
#[inline(always)]
pub unsafe fn known_at(node: u32, count: usize) -> Option<u32> {
    // SAFETY: the caller's promise; what a node keeps is a call site.
    unsafe {
        // Acquire: pairs with the Release in `make`.
        let number = STACKS.claimed(node).site.load(Acquire);
        (number != 0 && SITES.claimed(number).count() == count).then_some(number)
    }
}

/// The node that a call site was made for.
pub fn node(number: u32) -> u32 {
    get(number).map_or(0, |site| site.node.load(Relaxed))
}

/// The call site with these frames, innermost first, if there is one.
pub fn find(frames: impl ExactSizeIterator<Item = usize> + Clone) -> Option<u32> {
    let (tag, place) = place_of(frames.clone());
    find_in(place.load(Acquire), tag, frames)
}

fn place_of(frames: impl ExactSizeIterator<Item = usize>) -> (u32, &'static AtomicU32) {
    let count = frames.len() as u32;
    let hash = hash_of(frames);
    let tag = (hash as u32) << COUNT_BITS | count & COUNT_MASK;
    (tag, &PLACE[(hash >> 32) as usize % PLACES])
}

fn find_in(first: u32, tag: u32, frames: impl Iterator<Item = usize> + Clone) -> Option<u32> {
    let mut number = first;
    while let Some(site) = get(number) {
        if site.tag.load(Relaxed) == tag && self::frames(number).eq(frames.clone()) {
            return Some(number);
        }
        number = site.next.load(Relaxed);
    }
    None
}

/// The call site with these frames, which are the innermost of a node. It is made if there is none;
/// 0 if there is no memory.
#[cold]
#[inline(never)]
pub fn make(node: u32, frames: impl ExactSizeIterator<Item = usize> + Clone) -> u32 {
    let (tag, place) = place_of(frames.clone());
    let mut fresh = 0;
    let number = loop {
        // Acquire: pairs with the Release below.
        let first = place.load(Acquire);
        if let Some(known) = find_in(first, tag, frames.clone()) {
            break known;
        }
        if fresh == 0 {
            let Some((number, site)) = SITES.claim() else { return 0 };
            site.node.store(node, Relaxed);
            site.tag.store(tag, Relaxed);
            fresh = number;
        }
        if let Some(site) = get(fresh) {
            site.next.store(first, Relaxed);
        }
        if place.compare_exchange(first, fresh, Release, Relaxed).is_ok() {
            break fresh;
        }
    };
    if let Some(node) = STACKS.node(node) {
        // Release: pairs with the Acquire in `known`.
        node.site.store(number, Release);
    }
    number
}

/// For debuggers.
pub static FACTS: [Fact; 7] = [
    Fact::place("sites", SITES.place()),
    Fact::number("sites.chunk", CHUNK),
    Fact::number("sites.chunks", CHUNKS),
    Fact::number("sites.count_mask", COUNT_MASK as usize),
    Fact::number("Site", size_of::<Site>()),
    field!(Site, node),
    field!(Site, tag),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(frames: &[usize]) -> u32 {
        STACKS.enter(frames.iter().rev().copied())
    }

    #[test]
    fn the_same_innermost_frames_are_one_call_site_whatever_lies_around_them() {
        let inner = || [9001, 9002, 9003].into_iter();
        let one = make(enter(&[9001, 9002, 9003, 9004]), inner());
        let other = make(enter(&[9001, 9002, 9003, 9005, 9006]), inner());
        let exact = make(enter(&[9001, 9002, 9003]), inner());
        assert_ne!(one, 0);
        assert_eq!((one, one), (other, exact));
        assert!(frames(one).eq([9001, 9002, 9003]));
        assert_eq!(find(inner()), Some(one));
        assert_eq!(known(enter(&[9001, 9002, 9003, 9005, 9006]), 3), Some(one));
    }

    #[test]
    fn another_number_of_frames_is_another_call_site() {
        let node = enter(&[9011, 9012, 9013]);
        let of_two = || [9011, 9012].into_iter();
        let (two, three) = (make(node, of_two()), make(node, [9011, 9012, 9013].into_iter()));
        assert_ne!(two, three);
        assert!(frames(two).eq([9011, 9012]) && frames(three).eq([9011, 9012, 9013]));
        assert_eq!(find([9011].into_iter()), None);
        // The node keeps the last answer, and says which that is.
        assert_eq!((known(node, 3), known(node, 2)), (Some(three), None));
        assert_eq!(make(node, of_two()), two);
    }
}
