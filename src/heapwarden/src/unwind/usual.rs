//! The usual capture: some frames that plain rules lead out of, then a remembered one, and around
//! that all is unchanged. What [`walk`](super::walk) would say, several times sooner; for whatever is
//! not like this the walk is made after all.
//!
//! Cost: some 40 instructions for each frame that changed, five for each that did not.

use super::frame::Frame;
use super::last_stack::LastStack;
use super::reader::Reader;
use super::registers::Registers;
use super::rule::Rule;
use super::walk::Window;

/// More new frames than this are left to the walk.
const FRESH_MAX: usize = 24;

/// The stack of at most `depth` frames from `start` on, no frame of which is the library's, if that is
/// the last one and lies on the thread's own stack.
#[inline(always)]
pub fn unchanged(last: &LastStack, start: &Registers, depth: usize) -> Option<Window> {
    let known = last.frames.get(last.first..last.end)?;
    let count = known.len().min(depth);
    let (innermost, others) = known[known.len() - count..].split_last()?;
    let is_whole = count == depth || last.complete;
    let same = is_whole && innermost.is(start) && others.iter().rev().all(Frame::holds);
    same.then_some(Window { end: last.end, count, same, odd: false })
}

/// Makes `last` that stack if it is new frames and then remembered ones; `None`, with nothing changed,
/// if it is not.
#[inline(always)]
pub fn changed(
    last: &mut LastStack,
    start: &Registers,
    depth: usize,
    reader: &mut Reader,
    mut rule_of: impl FnMut(usize) -> Option<Rule>,
) -> Option<Window> {
    let Registers { mut pc, mut sp, mut bp } = *start;
    let mut frame = Frame::start(*start);
    let (mut kept, mut fresh) = (last.end, 0);
    loop {
        while kept > last.first && last.frames[kept - 1].registers.sp < sp {
            kept -= 1;
        }
        if kept == last.first {
            return None;
        }
        // As deep as was asked, and no remembered frame is part of it: nothing to verify.
        if fresh == depth {
            return None;
        }
        if last.frames[kept - 1].is(&Registers { pc, sp, bp }) {
            break;
        }
        if fresh == FRESH_MAX {
            return None;
        }
        let rule = rule_of(pc)?;
        let (cfa, bp_slot) = rule.plainly(&Registers { pc, sp, bp })?;
        let slot = cfa.wrapping_sub(8);
        if cfa <= sp || !reader.is_own(slot) || (bp_slot != 0 && !reader.is_own(bp_slot)) {
            return None;
        }
        frame.rule = rule.to_bits();
        last.fresh[fresh] = frame;
        fresh += 1;
        if bp_slot != 0 {
            bp = reader.word(bp_slot)?;
        }
        (pc, sp) = (reader.word(slot)?, cfa);
        frame = Frame::returning(Registers { pc, sp, bp }, slot, bp_slot);
    }
    if fresh > 0 {
        last.frames[kept - 1].reached_as(&frame);
    }
    let wanted = depth - fresh;
    let (index, held) = last.verify(kept - 1, wanted, reader);
    if !held || (kept - index < wanted && !last.complete) {
        return None;
    }
    let same = fresh == 0 && kept == last.end;
    if !same {
        last.append(kept, fresh);
    }
    let count = (last.end - last.first).min(depth);
    Some(Window { end: last.end, count, same, odd: false })
}
