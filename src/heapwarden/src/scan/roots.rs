//! The ranges that a scan starts from.
//!
//! The list lives in the check's memory and grows there. Ranges that the program registers by API are
//! kept in a table of fixed size: no request for one is ever refused for want of memory, but for want
//! of a place.

use super::area::Area;
use super::graph::{Node, Root};
use super::mapped;
use super::readable::stretches;
use super::registers::Registers;
use super::segments;
use super::stacks::{self, Part, Place};
use super::stop::Stopped;
use crate::leaks::facts::Holder;
use core::mem;
use core::ops::Range;
use core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::layout::Fact;
use heapwarden_core::{Held, field};

/// Roots gathered so far.
pub struct Roots<'a> {
    memory: &'a Area,
    list: &'a mut [Root],
    count: usize,
    is_whole: bool,
}

const NOWHERE: Root = Root { start: 0, end: 0, holder: Holder::Registered };

impl<'a> Roots<'a> {
    /// None yet.
    pub fn new(memory: &'a Area) -> Roots<'a> {
        Roots { memory, list: &mut [], count: 0, is_whole: true }
    }

    /// All of them; `None` when there was no memory for some.
    pub fn finish(self) -> Option<&'a [Root]> {
        let list: &'a [Root] = self.list;
        if self.is_whole { list.get(..self.count) } else { None }
    }

    fn push(&mut self, range: Range<usize>, holder: Holder) {
        if self.count == self.list.len() && !self.grow() {
            self.is_whole = false;
            return;
        }
        self.list[self.count] = Root { start: range.start, end: range.end, holder };
        self.count += 1;
    }

    fn grow(&mut self) -> bool {
        let wanted = (self.list.len() * 2).max(256);
        let Some(larger) = self.memory.alloc_slice_of(wanted, NOWHERE) else { return false };
        larger[..self.count].copy_from_slice(&self.list[..self.count]);
        let _ = mem::replace(&mut self.list, larger);
        true
    }

    /// The variables of the program and its libraries.
    pub fn add_segments(&mut self) {
        segments::variables(&mut |range| self.push(range.clone(), Holder::Global(range.start)));
    }

    /// What the thread with this kernel number holds in its stack and thread-local memory.
    pub fn add_thread(&mut self, number: u32, place: &Place) {
        stacks::visit(place, &mut |part, range| self.push(range, holder(number, part)));
    }

    /// The thread-local memory alone.
    pub fn add_descriptor(&mut self, number: u32, pointer: usize) {
        stacks::descriptor(pointer, &mut |part, range| self.push(range, holder(number, part)));
    }

    /// What it holds in registers.
    pub fn add_registers(&mut self, number: u32, registers: &Registers) {
        self.add_words(number, &registers.words);
    }

    /// The same for some of them.
    pub fn add_words(&mut self, number: u32, words: &[usize]) {
        match self.memory.alloc_slice::<usize>(words.len()) {
            Some(copy) => {
                copy.copy_from_slice(words);
                let range = copy.as_ptr_range();
                let range = range.start as usize..range.end as usize;
                self.push(range, Holder::Register(number));
            }
            None => self.is_whole = false,
        }
    }

    /// Memory that holds a thread's registers already.
    pub fn add_saved_registers(&mut self, number: u32, range: Range<usize>) {
        stretches(range, &mut |range| self.push(range, Holder::Register(number)));
    }

    /// A part of a block.
    pub fn add_part_of_block(&mut self, node: &Node, range: Range<usize>) {
        let offset = range.start - node.start;
        let holder = Holder::Block { address: node.start, site: node.site, offset };
        self.push(range, holder);
    }

    /// What the program mapped by itself. False when that is not known.
    pub fn add_mapped(&mut self, held: &Held, stopped: &Stopped) -> bool {
        let memory = self.memory;
        mapped::visit(held, stopped, memory, &mut |range| self.push(range, Holder::Mapped))
    }

    /// What the program registered.
    pub fn add_registered(&mut self) {
        for (start, bytes) in registered() {
            stretches(start..start.saturating_add(bytes), &mut |range| {
                self.push(range, Holder::Registered);
            });
        }
    }
}

fn holder(number: u32, part: Part) -> Holder {
    match part {
        Part::Stack => Holder::Stack(number),
        Part::ThreadLocal => Holder::ThreadLocal(number),
    }
}

/// The most ranges that can be registered at a time.
const REGISTERED_MAX: usize = 1024;

/// A range; its length is 0 while the place is free, and [`TAKEN`] while it is being filled in.
struct Registered {
    start: AtomicUsize,
    bytes: AtomicUsize,
}

const TAKEN: usize = usize::MAX;

static REGISTERED: [Registered; REGISTERED_MAX] =
    [const { Registered { start: AtomicUsize::new(0), bytes: AtomicUsize::new(0) } };
        REGISTERED_MAX];

/// From now on a scan reads this range too, as often as it is registered. False when there are too
/// many of them.
pub fn register(start: usize, bytes: usize) -> bool {
    if bytes == 0 || bytes == TAKEN {
        return true;
    }
    for place in &REGISTERED {
        if place.bytes.compare_exchange(0, TAKEN, Acquire, Relaxed).is_ok() {
            place.start.store(start, Relaxed);
            // Release: pairs with the Acquire of who reads the length: the start is seen.
            place.bytes.store(bytes, Release);
            return true;
        }
    }
    false
}

/// Undoes one [`register`] with the same arguments; false when there was none.
pub fn unregister(start: usize, bytes: usize) -> bool {
    if bytes == 0 || bytes == TAKEN {
        return true;
    }
    REGISTERED.iter().any(|place| {
        place.bytes.load(Acquire) == bytes
            && place.start.load(Relaxed) == start
            && place.bytes.compare_exchange(bytes, 0, Acquire, Relaxed).is_ok()
    })
}

fn registered() -> impl Iterator<Item = (usize, usize)> {
    REGISTERED.iter().filter_map(|place| match place.bytes.load(Acquire) {
        0 | TAKEN => None,
        bytes => Some((place.start.load(Relaxed), bytes)),
    })
}

/// For debuggers.
pub static FACTS: [Fact; 6] = [
    Fact::place("registered", &raw const REGISTERED),
    Fact::number("registered.count", REGISTERED_MAX),
    Fact::number("registered.taken", TAKEN),
    Fact::number("Registered", size_of::<Registered>()),
    field!(Registered, start),
    field!(Registered, bytes),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_registered_as_often_as_it_was_asked_for() {
        let range = (0x1234_5000, 64);
        let count = || registered().filter(|found| *found == range).count();
        assert!(register(range.0, range.1) && register(range.0, range.1));
        assert_eq!(count(), 2);
        assert!(unregister(range.0, range.1));
        assert_eq!(count(), 1);
        assert!(!unregister(range.0, range.1 + 1));
        assert!(unregister(range.0, range.1) && !unregister(range.0, range.1));
        assert_eq!(count(), 0);
    }

    #[test]
    fn the_list_grows_and_keeps_what_it_has() {
        let area = Area::new(0).expect("memory");
        let mut roots = Roots::new(&area);
        for number in 0..1000 {
            roots.push(number..number + 8, Holder::Registered);
        }
        let list = roots.finish().expect("memory");
        assert!(list.iter().enumerate().all(|(number, root)| root.start == number));
        assert_eq!(list.len(), 1000);
    }
}
