//! The usual capture: some frames that plain rules lead out of, then a remembered one, and around
//! that all is unchanged. What [`walk`](super::walk) would say, several times sooner; for whatever is
//! not like this the walk is made after all.
//!
//! A remembered frame may be reached although those further out changed: then stepping goes on as far as
//! nothing has.
//!
//! Cost: some 50 instructions for each frame that changed, twice that with its node; four or five for each
//! that did not.

use super::capture::Steps;
use super::frame::Frame;
use super::last_stack::LastStack;
use super::registers::Registers;
use super::rule::Rule;
use super::walk::Window;
use core::mem::MaybeUninit;
use core::ops::Range;

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

/// What the layer above knows frames by.
pub trait Nodes {
    /// What it knows the frame `pc` by that is called from the one it knows by `caller`, which is not 0; 0
    /// if it does not.
    fn called_from(caller: u32, pc: usize) -> u32;
}

/// It has not asked for any.
pub struct Unknown;

impl Nodes for Unknown {
    fn called_from(_: u32, _: usize) -> u32 {
        0
    }
}

/// A frame that a plain step led out of.
#[derive(Clone, Copy)]
pub struct Left {
    /// Its registers.
    pub registers: Registers,
    /// The rule of the step.
    pub rule: Rule,
    /// The rule of the step that led here; `None` for the frame that the capture starts from.
    pub callee: Option<Rule>,
}

/// Makes `last` that stack if it is new frames and then remembered ones; `None`, with nothing changed,
/// if it is not. `own` is the thread's own stack, which can be read.
#[inline(always)]
pub fn changed<S: Steps, N: Nodes>(
    last: &mut LastStack,
    start: &Registers,
    depth: usize,
    own: &Range<usize>,
) -> Option<Window> {
    let mut left = [const { MaybeUninit::<Left>::uninit() }; FRESH_MAX];
    let mut fresh = 0;
    let mut outer = last.frames.get(last.first..last.end)?.iter();
    let mut frame = outer.next_back()?;
    let (mut at, mut callee) = (*start, None);
    // From here inwards, as far as a frame that does not hold, all do.
    let mut verified = usize::MAX;
    let shown = loop {
        while frame.registers.sp < at.sp {
            frame = outer.next_back()?;
        }
        if frame.is(&at) {
            let known = outer.as_slice();
            // As deep as was asked, and no remembered frame is part of it: nothing to verify.
            let wanted = depth.checked_sub(fresh + 1)?;
            let shown = known.len().min(wanted);
            if shown < wanted && !last.complete {
                return None;
            }
            let low = known.len() - shown;
            match first_changed(&known[low..verified.clamp(low, known.len())]) {
                None => break shown,
                Some(_) if verified != usize::MAX => return None,
                Some(changed) => {
                    // None of those inside of it will do. They are left once more.
                    verified = low;
                    outer = known[..low + changed].iter();
                    frame = outer.next_back()?;
                }
            }
        }
        let place = left.get_mut(fresh)?;
        let rule = S::known_rule(at.pc)?;
        place.write(Left { registers: at, rule, callee });
        (callee, fresh) = (Some(rule), fresh + 1);
        rule.step_within(&mut at, own)?;
    };
    // SAFETY: as many were written.
    let left = unsafe { left[..fresh].assume_init_ref() };
    let kept = last.first + outer.as_slice().len() + 1;
    let same = fresh == 0 && kept == last.end;
    if !same && !last.append_left::<N>(kept, shown + 1, left) {
        return None;
    }
    Some(Window { end: last.end, count: shown + 1 + fresh, same, odd: false })
}

/// The outermost frame that does not hold.
///
/// Four at a time and the innermost four in any case, some of them twice: so there is no rest, whose
/// length is guessed wrong. From the outermost one inwards: what is unusual there always comes up after as
/// many steps.
#[inline(always)]
fn first_changed(frames: &[Frame]) -> Option<usize> {
    let all = |[a, b, c, d]: &[Frame; 4]| a.holds() && b.holds() && c.holds() && d.holds();
    let innermost = frames.last_chunk();
    if innermost.is_some_and(all) && frames.as_chunks().0.iter().all(all) {
        return None;
    }
    which_changed(frames)
}

#[inline(never)]
fn which_changed(frames: &[Frame]) -> Option<usize> {
    frames.iter().position(|frame| !frame.holds())
}
