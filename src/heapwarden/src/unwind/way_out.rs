//! The way from the library's innermost frame to the program, remembered in one piece.
//!
//! Which functions lie between the capture and the program's call changes little, and in most of
//! them the stack pointer alone leads outwards: their frames have a size that depends on nothing
//! but the code address. So where a return address is found follows from those before it, and a way
//! that was gone once is the same as long as each of them is the same. That it is costs a load and a
//! compare per frame, where a step costs ten times that.
//!
//! Cost: some 20 instructions; 1.4 KiB a thread.

use super::frame::Frame;
use super::registers::Registers;
use super::rule::Rule;
use super::walk::Request;
use core::ops::Range;

/// The most frames of a way, and how many ways are remembered.
const LENGTH: usize = 8;
const WAYS: usize = 8;

/// A return address within the library, and how far from the start it lies.
#[derive(Clone, Copy)]
struct Link {
    offset: usize,
    pc: usize,
}

/// One way.
struct Way {
    /// Where it starts; 0 if there is none.
    pc: usize,
    skip: usize,
    links: [Link; LENGTH],
    count: usize,
    /// How far from the start the program's stack pointer is: the return address lies below.
    length: usize,
    /// Where the program's frame pointer was saved, from the start; 0 if it is still in place.
    bp_offset: usize,
}

/// The ways that a thread went. All zero is valid and empty.
pub struct WaysOut {
    ways: [Way; WAYS],
    /// The next one that is forgotten.
    next: usize,
    /// The two that were gone lately: an allocation's and a release's mostly.
    usual: [usize; 2],
    own: usize,
}

impl WaysOut {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.ways.iter_mut().for_each(|way| way.pc = 0);
    }

    /// The program's frame, if the way there is known. `stack` can be read.
    #[inline(always)]
    pub fn shorten(&mut self, request: &Request, stack: &Range<usize>) -> Option<Registers> {
        if self.own != request.own.start {
            return None;
        }
        let [one, other] = self.usual;
        let start = self.ways[one % WAYS].follow(request, stack);
        start
            .or_else(|| self.ways[other % WAYS].follow(request, stack))
            .or_else(|| self.try_all(request, stack))
    }

    #[cold]
    #[inline(never)]
    fn try_all(&mut self, request: &Request, stack: &Range<usize>) -> Option<Registers> {
        let followed = self.ways.iter().map(|way| way.follow(request, stack));
        let (index, start) =
            followed.enumerate().find_map(|(index, start)| Some((index, start?)))?;
        self.usual = [self.usual[1], index];
        Some(start)
    }

    /// Remembers the way that a walk went: `frames` from the program's frame, the first, inwards.
    #[cold]
    pub fn learn(&mut self, request: &Request, frames: &[Frame]) {
        let Some(way) = Way::of(request, frames) else { return };
        if self.own != request.own.start {
            self.clear();
            self.own = request.own.start;
        }
        self.ways[self.next % WAYS] = way;
        self.next = self.next.wrapping_add(1);
    }
}

impl Way {
    fn of(request: &Request, frames: &[Frame]) -> Option<Way> {
        let (program, inner) = frames.split_first()?;
        if inner.is_empty() || inner.len() > LENGTH + 1 {
            return None;
        }
        let start = request.start.sp;
        let offset = |address: usize| address.wrapping_sub(start);
        let mut way = Way {
            pc: request.start.pc,
            skip: request.skip,
            links: [Link { offset: 0, pc: 0 }; LENGTH],
            count: inner.len() - 1,
            length: offset(program.registers.sp),
            bp_offset: 0,
        };
        // From the inside out: each frame's rule leads to the next one's stack pointer.
        for (index, frame) in frames.iter().rev().enumerate() {
            if frame.bp_slot != 0 {
                way.bp_offset = offset(frame.bp_slot);
            }
            if index == inner.len() {
                break;
            }
            if !Rule::from_bits(frame.rule).is_some_and(Rule::needs_only_stack_pointer) {
                return None;
            }
            if index > 0 {
                let Registers { pc, sp, .. } = frame.registers;
                way.links[index - 1] = Link { offset: offset(sp) - 8, pc };
            }
        }
        Some(way)
    }

    #[inline(always)]
    fn follow(&self, request: &Request, stack: &Range<usize>) -> Option<Registers> {
        let Registers { pc, sp, bp } = request.start;
        let is_known = self.pc == pc && self.skip == request.skip;
        if !is_known || !stack.contains(&sp) || stack.end - sp < self.length || sp % 8 != 0 {
            return None;
        }
        // SAFETY: up to `length` from the start, which is on the thread's stack, that can be read;
        // all offsets are multiples of 8 as `sp` is. Volatile, as other frames own these words.
        let word = |offset: usize| unsafe { ((sp + offset) as *const usize).read_volatile() };
        if !self.links[..self.count].iter().all(|link| word(link.offset) == link.pc) {
            return None;
        }
        let bp = if self.bp_offset == 0 { bp } else { word(self.bp_offset) };
        Some(Registers { pc: word(self.length - 8), sp: sp + self.length, bp })
    }
}
