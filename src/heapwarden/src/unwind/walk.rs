//! A capture on top of the last one: steps outwards until a frame coincides with a remembered one,
//! verifies that what lies around that is unchanged, and takes it over.
//!
//! Cost: a step for each frame that changed (some 5 ns), two compares for each that did not.

use super::frame::Frame;
use super::last_stack::LastStack;
use super::reader::Reader;
use super::registers::Registers;
use super::rule::{OUTERMOST, Rule};
use core::ops::Range;

/// The most of the library's own frames that are left out of a stack.
pub const OWN_MAX: usize = 24;
/// How many frames further out are found when one is missing: a program that returns level by
/// level will want them.
const AHEAD: usize = 8;

/// What to capture.
#[derive(Clone)]
pub struct Request {
    /// The innermost frame.
    pub start: Registers,
    /// How many frames, not counting the library's own.
    pub depth: usize,
    /// How many of the innermost frames are left out in any case.
    pub skip: usize,
    /// The library's code: innermost frames in there are left out too.
    pub own: Range<usize>,
    /// Whose last stack it is compared with.
    pub purpose: Purpose,
}

/// What a stack is wanted for. A program that allocates and frees by turns does so from two places: if
/// each has its own last stack, both are mostly the same again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// An allocation, or anything else.
    #[default]
    Allocation,
    /// A free.
    Free,
}

impl Request {
    /// Whether the innermost frame is the program's.
    #[inline(always)]
    pub fn starts_at_program(&self) -> bool {
        self.skip == 0 && !self.own.contains(&self.start.pc)
    }

    /// Whether a frame with `inner` own frames inside of it is one of them too.
    #[inline(always)]
    pub fn is_own(&self, inner: usize, pc: usize) -> bool {
        inner < self.skip || (self.own.contains(&pc) && inner < OWN_MAX)
    }
}

/// The frames that were asked for, as part of the last stack.
#[derive(Clone, Copy)]
pub struct Window {
    /// Behind the innermost one.
    pub end: usize,
    /// How many there are.
    pub count: usize,
    /// No frame is new since the last capture.
    pub same: bool,
    /// Frames are missing: the way led to where nothing is known, or nothing can be read.
    pub odd: bool,
}

/// Makes `last` the stack of `request`. `rule_of` knows the rule of a code address.
#[inline]
pub fn walk(
    last: &mut LastStack,
    request: &Request,
    reader: &mut Reader,
    mut rule_of: impl FnMut(usize) -> Option<Rule>,
) -> Window {
    let mut at = Frame::start(request.start);
    let mut kept = last.end;
    let mut fresh = 0;
    let mut own = 0;
    let mut leading = true;
    loop {
        while kept > last.first && last.frames[kept - 1].registers.sp < at.registers.sp {
            kept -= 1;
        }
        if kept > last.first && last.frames[kept - 1].is(&at.registers) {
            let top = kept - 1;
            if fresh > 0 {
                last.frames[top].reached_as(&at);
            }
            let met = if leading { own_frames(last, top, request, own) } else { 0 };
            let wanted = request.depth + own + met - fresh;
            let (index, held) = last.verify(top, wanted, reader);
            if held {
                own += met;
                let missing = wanted.saturating_sub(kept - index);
                let extends = missing > 0 && !last.complete;
                if extends {
                    last.refresh(index, top, at.registers.bp, reader);
                }
                let same = fresh == 0 && kept == last.end;
                if !same {
                    last.append(kept, fresh);
                }
                let whole = !extends || extend(last, missing, reader, rule_of);
                return window(last, request.depth, own, same && !extends, !whole);
            }
            // What lies around frame `index` changed: take over what did not, then step on.
            last.refresh(index, top, at.registers.bp, reader);
            for taken in (index..kept).rev() {
                last.fresh[fresh] = last.frames[taken];
                fresh += 1;
            }
            at = last.frames[index];
            own += met.min(kept - index);
            leading = leading && met >= kept - index;
            kept = index;
        } else {
            leading = leading && request.is_own(own, at.registers.pc);
            own += usize::from(leading);
            last.fresh[fresh] = at;
            fresh += 1;
        }
        if fresh >= request.depth + own {
            break;
        }
        let rule = rule_of(at.registers.pc);
        last.fresh[fresh - 1].rule = rule.map_or(0, Rule::to_bits);
        let Some(caller) = rule.and_then(|rule| rule.step(&at.registers, reader)) else {
            last.complete = rule == Some(OUTERMOST);
            last.append(last.first, fresh);
            return window(last, request.depth, own, false, !last.complete);
        };
        if caller.registers.sp < at.registers.sp {
            // A signal handler's alternate stack ends: look through the remembered frames again.
            kept = last.end;
        }
        at = Frame::called_from(caller, reader);
    }
    // As deep as was asked, and none of the remembered frames is part of it.
    last.complete = false;
    last.append(last.first, fresh);
    window(last, request.depth, own, false, false)
}

fn window(last: &LastStack, depth: usize, own: usize, same: bool, odd: bool) -> Window {
    let found = last.end - last.first;
    let own = own.min(found);
    Window { end: last.end - own, count: (found - own).min(depth), same, odd }
}

fn own_frames(last: &LastStack, top: usize, request: &Request, inner: usize) -> usize {
    let frames = last.frames[last.first..=top].iter().rev().zip(inner..);
    frames.take_while(|(frame, inner)| request.is_own(*inner, frame.registers.pc)).count()
}

/// The same without a memory of the last stack: writes the frames to `out`, says how many.
pub fn walk_plainly(
    request: &Request,
    reader: &mut Reader,
    mut rule_of: impl FnMut(usize) -> Option<Rule>,
    out: &mut [usize],
) -> usize {
    let mut at = request.start;
    let (mut own, mut count, mut leading) = (0, 0, true);
    let depth = request.depth.min(out.len());
    loop {
        leading = leading && request.is_own(own, at.pc);
        if leading {
            own += 1;
        } else {
            if count == depth {
                return count;
            }
            out[count] = at.pc;
            count += 1;
        }
        let Some(rule) = rule_of(at.pc) else { return count };
        let Some(caller) = rule.step(&at, reader) else { return count };
        at = caller.registers;
    }
}

/// Finds the frames around the remembered ones; `false` if it does not come to the outermost one
/// and not as far as was asked.
#[cold]
fn extend(
    last: &mut LastStack,
    missing: usize,
    reader: &mut Reader,
    mut rule_of: impl FnMut(usize) -> Option<Rule>,
) -> bool {
    last.detach();
    for found in 0..missing + AHEAD {
        if last.end - last.first == super::last_stack::CAPACITY {
            break;
        }
        let outermost = &mut last.frames[last.first];
        let rule = rule_of(outermost.registers.pc);
        outermost.rule = rule.map_or(0, Rule::to_bits);
        let Some(caller) = rule.and_then(|rule| rule.step(&outermost.registers, reader)) else {
            last.complete = rule == Some(OUTERMOST);
            return last.complete || found >= missing;
        };
        last.put_outside(caller, reader);
    }
    true
}
