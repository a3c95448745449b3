//! One capture with the memory of the thread's last one.

use super::last_stack::LastStack;
use super::reader::Reader;
use super::recent::Recent;
use super::registers::Registers;
use super::rule::Rule;
use super::thread_state::{self, Memory, ThreadState};
use super::usual::{Nodes, Unknown};
use super::walk::{Purpose, Request, Window, walk, walk_plainly};
use super::{DEPTH_MAX, modules, usual};
use core::ops::Range;

/// An engine that goes from frame to frame by rules.
pub trait Steps {
    /// Less than [`ENGINES`], and different for each: what one has found is not for the others.
    const NUMBER: u32;
    /// The rule for the frame whose return-like address is `pc`.
    fn rule(pc: usize) -> Option<Rule>;
    /// The same, if nothing has to be found out for it.
    fn known_rule(pc: usize) -> Option<Rule>;
    /// Reads the stack; the thread's own lies in `own`.
    fn reader(own: Range<usize>) -> Reader;
}

const ENGINES: u32 = 3;

/// How often a capture starts again because a module was found closed on the way.
const ROUNDS: usize = 3;

/// Captures and hands the thread's state and the frames in it to `action`, but first, if the stack is
/// that of the last capture, to `again`, which may know the answer. `None` if the state cannot be had.
#[inline(always)]
pub fn with_stack<S: Steps, R>(
    request: &Request,
    again: impl FnOnce(&mut Memory, &mut Recent, Window) -> Option<R>,
    action: impl FnOnce(&mut Memory, &mut Recent, Window) -> R,
) -> Option<R> {
    let mut borrowed = thread_state::borrow(request.start.sp)?;
    let state = borrowed.state();
    let own = state.bounds.around(request.start.sp);
    let mut start = None;
    if state.generation == generation_of::<S>() {
        if !request.starts_at_program() {
            start = state.ways_out.shorten(request, &own);
        }
        let (memory, recent) = state.memory_and_recent(request.purpose);
        if let Some(window) = unchanged(memory, request, start)
            && let Some(known) = again(memory, recent, window)
        {
            return Some(known);
        }
    }
    Some(capture_anew::<S, R>(state, request, own, start, action))
}

/// The stack of the last capture. A function of its own, and the rest another one, so that what
/// most captures of a loop come to is all done in registers.
#[inline(always)]
fn unchanged(memory: &Memory, request: &Request, start: Option<Registers>) -> Option<Window> {
    let (start, skip) = start.map_or((request.start, request.skip), |start| (start, 0));
    if skip != 0 || request.own.contains(&start.pc) {
        return None;
    }
    usual::unchanged(&memory.last, &start, request.depth)
}

/// `start` is the program's frame, if the way there is known.
#[inline(never)]
fn capture_anew<S: Steps, R>(
    state: &mut ThreadState,
    request: &Request,
    own: Range<usize>,
    mut start: Option<Registers>,
    action: impl FnOnce(&mut Memory, &mut Recent, Window) -> R,
) -> R {
    let mut window;
    let mut round = 0;
    loop {
        let generation = generation_of::<S>();
        if state.generation != generation {
            state.generation = generation;
            state.forget_stacks();
            state.ways_out.clear();
            start = None;
        }
        let mut reader = S::reader(own.clone());
        window = capture_once::<S>(state, request, start, &own, &mut reader);
        round += 1;
        if window.odd && !window.same {
            doubt(&state.memory(request.purpose).last);
        }
        if state.generation == generation_of::<S>() || round == ROUNDS {
            break;
        }
    }
    let (memory, recent) = state.memory_and_recent(request.purpose);
    if !window.same {
        memory.last_site.forget();
    }
    action(memory, recent, window)
}

#[inline(always)]
fn capture_once<S: Steps>(
    state: &mut ThreadState,
    request: &Request,
    shorter: Option<Registers>,
    own: &Range<usize>,
    reader: &mut Reader,
) -> Window {
    let (start, skip) = shorter.map_or((request.start, request.skip), |start| (start, 0));
    let is_program = skip == 0 && !request.own.contains(&start.pc);
    let (memory, ways_out) = state.parts(request.purpose);
    let last = &mut memory.last;
    if is_program && let Some(window) = unlike_the_last::<S>(last, &start, request.depth, own) {
        return window;
    }
    let window = walk(last, &Request { start, skip, ..request.clone() }, reader, S::rule);
    if shorter.is_none() && window.count > 0 && last.end > window.end {
        ways_out.learn(request, &last.frames[window.end - 1..last.end]);
    }
    window
}

#[inline(never)]
fn unlike_the_last<S: Steps>(
    last: &mut LastStack,
    start: &Registers,
    depth: usize,
    own: &Range<usize>,
) -> Option<Window> {
    usual::changed::<S, Unknown>(last, start, depth, own)
}

/// Captures the stack of at most `depth` frames from `start` on and hands it to `action` with what the
/// thread remembers, if it is the last one but for some innermost frames, which become known by what `N`
/// says. `None`, with nothing changed, if it is not, or if the state cannot be had.
#[inline(always)]
pub fn with_usual_stack<S: Steps, N: Nodes, R>(
    start: &Registers,
    depth: usize,
    purpose: Purpose,
    action: impl FnOnce(&mut Memory, &mut Recent, Window) -> R,
) -> Option<R> {
    let mut borrowed = thread_state::borrow(start.sp)?;
    let state = borrowed.state();
    if state.generation != generation_of::<S>() {
        return None;
    }
    let own = state.bounds.around(start.sp);
    let (memory, recent) = state.memory_and_recent(purpose);
    let window = usual::changed::<S, N>(&mut memory.last, start, depth, &own)?;
    if !window.same {
        memory.last_site.forget();
    }
    Some(action(memory, recent, window))
}

fn generation_of<S: Steps>() -> u32 {
    generation(modules::generation(), S::NUMBER)
}

/// What of the modules and of the engine a last stack depends on.
#[inline(always)]
pub fn generation(modules: u32, engine: u32) -> u32 {
    modules.wrapping_mul(ENGINES).wrapping_add(engine)
}

/// A stack without an end may come from the rules of a library that was closed, if another one took
/// its place.
#[cold]
fn doubt(last: &LastStack) {
    let frames = &last.frames[last.first..last.end];
    if modules::any_changed(frames.iter().map(|frame| frame.registers.pc)) {
        modules::revalidate();
    }
}

/// Captures to `out`.
pub fn capture<S: Steps>(request: &Request, out: &mut [usize]) -> usize {
    let depth = request.depth.min(DEPTH_MAX).min(out.len());
    let request = Request { depth, ..request.clone() };
    let again = |_: &mut Memory, _: &mut Recent, _| None;
    let written = with_stack::<S, usize>(&request, again, |memory, _, window| {
        let Window { end, count, .. } = window;
        for (place, frame) in out.iter_mut().zip(memory.last.frames[end - count..end].iter().rev())
        {
            *place = frame.registers.pc;
        }
        count
    });
    written.unwrap_or_else(|| capture_unaided::<S>(&request, out))
}

/// Captures to `out` without the thread's state.
pub fn capture_unaided<S: Steps>(request: &Request, out: &mut [usize]) -> usize {
    let mut reader = S::reader(thread_state::known_bounds());
    walk_plainly(request, &mut reader, S::rule, out)
}
