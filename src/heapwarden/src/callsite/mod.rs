//! Call sites: stacks by a number of 32 bits, small enough to be kept for every block.
//!
//! All stacks are kept as one trie ([`trie`]). A thread remembers the node of each frame of its last
//! stack, so a new stack is found by the frames that changed. What blocks carry is the number of a
//! call site ([`sites`]): the innermost frames, as many as are kept. Nothing here fails or waits:
//! without memory the call site is unknown.
//! Cost: for the last stack nothing on top of the capture; otherwise some 15 instructions for each
//! frame that changed.

pub mod counters;
mod numbered;
mod sites;
mod stack;
mod trie;

pub(crate) use sites::FACTS as SITE_FACTS;
pub use stack::Stack;
pub(crate) use trie::FACTS as NODE_FACTS;

use crate::unwind::{
    self, Backtrace, DEPTH_MAX, Engine, EngineChoice, Frame, FramePointerSteps, FramehopSteps,
    LastStack, Memory, Nodes, Purpose, Recent, Registers, Request, Steps, Window,
};
use trie::STACKS;

/// A stack, by number. 0 is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallSite(u32);

impl CallSite {
    /// No stack is known.
    pub const UNKNOWN: CallSite = CallSite(0);

    /// The number, for records.
    pub const fn to_bits(self) -> u32 {
        self.0
    }

    /// The call site of a number that [`CallSite::to_bits`] gave.
    pub const fn from_bits(bits: u32) -> CallSite {
        CallSite(bits)
    }
}

/// The caller's call site: at most `depth` frames ([`DEPTH_MAX`] at most). Frames of the library
/// itself are left out as by [`unwind::capture`].
#[inline(always)]
pub fn here(depth: usize) -> CallSite {
    here_for(Purpose::Allocation, depth)
}

/// [`here`], compared with the last stack for this purpose.
#[inline(never)]
pub fn here_for(purpose: Purpose, depth: usize) -> CallSite {
    let start = Registers::here();
    let depth = depth.min(DEPTH_MAX);
    find(&Request { start, depth, skip: 1, own: unwind::own_code(), purpose })
}

/// The call site whose innermost frame has these registers.
///
/// # Safety
/// The registers are those of a frame of this thread that does not end before this returns.
#[inline(always)]
pub unsafe fn here_from(start: &Registers, purpose: Purpose, depth: usize) -> CallSite {
    let depth = depth.min(DEPTH_MAX);
    match unwind::known_site(start, depth) {
        Some(site) => CallSite(site),
        // SAFETY: the caller's promise.
        None => unsafe { find_near(start, purpose, depth) },
    }
}

/// What most captures are that did not come up lately: some frames are new, all around them are those
/// of the last stack.
///
/// # Safety
/// As for [`here_from`].
#[inline(never)]
unsafe fn find_near(start: &Registers, purpose: Purpose, depth: usize) -> CallSite {
    let is_usual = unwind::chosen() == EngineChoice::Framehop
        && depth != 0
        && !unwind::own_code().contains(&start.pc);
    let note = |memory: &mut Memory, recent: &mut Recent, window: Window| {
        let Some(innermost) = memory.last.frames.get(window.end - 1) else { return 0 };
        let known = match innermost.node != 0 && innermost.reaches(window.count) {
            // SAFETY: what a frame was given here, or in `of_window`, is a node.
            true => unsafe { sites::known_at(innermost.node, window.count) },
            false => None,
        };
        let site = known.unwrap_or_else(|| of_window(&mut memory.last, window));
        let frames = &memory.last.frames[window.end - window.count..window.end];
        recent.note(start, depth, frames, site);
        site
    };
    let found = match is_usual {
        true => unwind::with_usual_stack::<FramehopSteps, InTrie, u32>(start, depth, purpose, note),
        false => None,
    };
    match found {
        Some(site) => CallSite(site),
        // SAFETY: the caller's promise.
        None => unsafe { find_from(start, purpose, depth) },
    }
}

/// What frames are known by.
struct InTrie;

impl Nodes for InTrie {
    #[inline(always)]
    fn called_from(caller: u32, pc: usize) -> u32 {
        // SAFETY: what a frame was given here, or in `of_window`, is a node.
        unsafe { STACKS.child(caller, pc) }
    }
}

/// # Safety
/// As for [`here_from`].
#[cold]
#[inline(never)]
unsafe fn find_from(start: &Registers, purpose: Purpose, depth: usize) -> CallSite {
    find(&Request { start: *start, depth, skip: 0, own: unwind::own_code(), purpose })
}

/// The frames of a call site; none if it is unknown.
pub fn frames(site: CallSite) -> Stack<'static> {
    Stack::Site(site)
}

/// How many call sites there are.
pub fn count() -> usize {
    sites::count()
}

#[inline]
fn find(request: &Request) -> CallSite {
    if request.depth == 0 {
        return CallSite::UNKNOWN;
    }
    match unwind::chosen() {
        EngineChoice::Framehop => find_by::<FramehopSteps>(request),
        EngineChoice::FramePointer => find_by::<FramePointerSteps>(request),
        EngineChoice::Backtrace => find_slowly(request),
    }
}

#[inline]
fn find_by<S: Steps>(request: &Request) -> CallSite {
    let again = |memory: &mut Memory, recent: &mut Recent, window| {
        let site = memory.last_site.get(window)?;
        note(recent, request, &memory.last, window, site);
        Some(site)
    };
    let site = unwind::with_stack::<S, u32>(request, again, |memory, recent, window| {
        if window.count == 0 {
            return 0;
        }
        let site = memory.last_site.get(window).unwrap_or_else(|| {
            let site = of_window(&mut memory.last, window);
            memory.last_site.set(window, site);
            site
        });
        note(recent, request, &memory.last, window, site);
        site
    });
    match site {
        Some(site) => CallSite(site),
        None => find_unaided::<S>(request),
    }
}

/// Notes the stack that was just found, if it is whole and starts where the next one is looked for.
#[inline(always)]
fn note(recent: &mut Recent, request: &Request, last: &LastStack, window: Window, site: u32) {
    if request.starts_at_program() && (window.count == request.depth || last.complete) {
        let frames = &last.frames[window.end - window.count..window.end];
        recent.note(&request.start, request.depth, frames, site);
    }
}

/// The call site of a part of the last stack.
#[inline]
fn of_window(last: &mut LastStack, window: Window) -> u32 {
    let Some(frames) = last.frames.get_mut(window.end - window.count..window.end) else { return 0 };
    // The innermost frame whose node has all frames of the part that lie around it.
    let (mut number, mut reach) = (0, 0);
    let mut from = frames.len();
    while let Some(frame) = frames[..from].last() {
        if frame.reaches(from) {
            (number, reach) = (frame.node, frame.reach());
            break;
        }
        from -= 1;
    }
    let count = frames.len();
    if from == 0
        && let Some(site) = sites::find(pcs(frames))
    {
        // A deep stack of which too little was remembered: no new nodes are needed.
        frames[count - 1].attach(sites::node(site), count);
        return site;
    }
    for frame in &mut frames[from..] {
        // SAFETY: 0, or what a frame was given here, which is a node.
        number = unsafe { STACKS.child(number, frame.registers.pc) };
        if number == 0 {
            return 0;
        }
        reach += 1;
        frame.attach(number, reach);
    }
    sites::known(number, count).unwrap_or_else(|| sites::make(number, pcs(frames)))
}

fn pcs(frames: &[Frame]) -> impl ExactSizeIterator<Item = usize> + Clone {
    frames.iter().rev().map(|frame| frame.registers.pc)
}

/// Within a signal handler that interrupted a capture, or at the very end of a thread.
#[cold]
#[inline(never)]
fn find_unaided<S: Steps>(request: &Request) -> CallSite {
    let mut stack = [0; DEPTH_MAX];
    let count = unwind::capture_unaided::<S>(request, &mut stack);
    of_frames(&stack[..count])
}

#[cold]
#[inline(never)]
fn find_slowly(request: &Request) -> CallSite {
    let mut stack = [0; DEPTH_MAX];
    let count = Backtrace.capture(request, &mut stack);
    of_frames(&stack[..count])
}

fn of_frames(stack: &[usize]) -> CallSite {
    if stack.is_empty() {
        return CallSite::UNKNOWN;
    }
    if let Some(site) = sites::find(stack.iter().copied()) {
        return CallSite(site);
    }
    match STACKS.enter(stack.iter().rev().copied()) {
        0 => CallSite::UNKNOWN,
        node => CallSite(sites::make(node, stack.iter().copied())),
    }
}

/// Puts the counters in order in a forked child.
pub(crate) fn repair_after_fork() {
    // SAFETY: only the repairing thread of a child calls this.
    unsafe { counters::repair_after_fork() };
}
