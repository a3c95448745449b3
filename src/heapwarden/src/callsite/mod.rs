//! Call sites: stacks by a number of 32 bits, small enough to be kept for every block.
//!
//! Each different stack is stored once, for ever ([`store`]), and found by its hash ([`table`]);
//! what a thread met lately it finds in a table of its own ([`Recent`]). Nothing here fails: without
//! memory, or when a table cannot be had in time, the call site is unknown.
//! Cost: when the stack is the last one, or one of the last thousand, a few compares on top of the
//! capture; otherwise a look into a shared table (some 50 ns).

pub mod counters;
mod recent;
mod store;
mod table;

pub(crate) use recent::Recent;
pub(crate) use store::FACTS;

use crate::unwind::{
    self, Backtrace, DEPTH_MAX, Engine, EngineChoice, FramePointerSteps, FramehopSteps, Registers,
    Request, Steps,
};

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
#[inline(never)]
pub fn here(depth: usize) -> CallSite {
    let start = Registers::here();
    find(&Request { start, depth: depth.min(DEPTH_MAX), skip: 1, own: unwind::own_code() })
}

/// The call site whose innermost frame has these registers.
///
/// # Safety
/// The registers are those of a frame of this thread that does not end before this returns.
pub unsafe fn here_from(start: &Registers, depth: usize) -> CallSite {
    let depth = depth.min(DEPTH_MAX);
    find(&Request { start: *start, depth, skip: 0, own: unwind::own_code() })
}

/// The frames of a call site, innermost first; none if it is unknown.
pub fn frames(site: CallSite) -> &'static [usize] {
    store::get(site.0)
}

/// How many different stacks there are.
pub fn count() -> usize {
    store::count()
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
    let site = unwind::with_stack::<S, u32>(request, |state, window| {
        let depth = request.depth;
        if let Some(site) = state.recent.last(depth, window.count) {
            return site;
        }
        if window.count == 0 {
            return 0;
        }
        let hash = state.last.hash(window.end, window.count);
        let innermost = state.last.frames[window.end - 1].registers.pc;
        let site = state.recent.get(hash, innermost).unwrap_or_else(|| {
            let frames = &state.last.frames[window.end - window.count..window.end];
            let pcs = frames.iter().rev().map(|frame| frame.registers.pc);
            let stack = state.recent.gather(pcs);
            let site = table::intern(hash, stack);
            if site != 0 {
                state.recent.put(hash, innermost, site);
            }
            site
        });
        state.recent.set_last(depth, window.count, site);
        site
    });
    match site {
        Some(site) => CallSite(site),
        None => find_unaided::<S>(request),
    }
}

/// Within a signal handler that interrupted a capture, or at the very end of a thread.
#[cold]
#[inline(never)]
fn find_unaided<S: Steps>(request: &Request) -> CallSite {
    let mut stack = [0; DEPTH_MAX];
    let count = unwind::capture_unaided::<S>(request, &mut stack);
    intern(&stack[..count])
}

#[cold]
#[inline(never)]
fn find_slowly(request: &Request) -> CallSite {
    let mut stack = [0; DEPTH_MAX];
    let count = Backtrace.capture(request, &mut stack);
    intern(&stack[..count])
}

fn intern(stack: &[usize]) -> CallSite {
    if stack.is_empty() {
        return CallSite::UNKNOWN;
    }
    CallSite(table::intern(unwind::hash_of(stack), stack))
}

/// Puts the table in order in a forked child.
pub(crate) fn repair_after_fork() {
    table::repair_after_fork();
    // SAFETY: only the repairing thread of a child calls this.
    unsafe { counters::repair_after_fork() };
}
