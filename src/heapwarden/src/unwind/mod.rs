//! Stacks: the return addresses that lead to the caller of an allocator function.
//!
//! Three engines are behind one trait ([`Engine`]). The default reads call frame information with
//! `framehop`; its answers are kept for all threads ([`memo`]), and a capture starts from what the
//! thread's last one found ([`walk`]), so that mostly only the frames that changed cost anything.
//!
//! Invariants:
//! - nothing on the way waits for a lock that the program or the loader can hold: unknown code is
//!   looked up with `_dl_find_object`, and learning its rule happens in a critical section that
//!   waits for nobody ([`critical`]);
//! - no read can fault, whatever the registers or the stack hold ([`reader`]);
//! - the thread's stack is used for less than 2 KiB, and no memory of the program's heap at all.
//!
//! Every address in a stack is in the form of a return address: the call, or the instruction that
//! was interrupted, is found at the address minus 1.
//!
//! Cost: 20 to 60 ns for 30 frames of which few changed (`examples/stack_cost.rs` compares it with
//! others); about 2 us for a code address that no thread has met; 0.2 ms for the first of all.

mod after_fork;
mod again;
mod bounds;
mod capture;
mod critical;
mod engine;
mod frame;
mod hash;
mod last_site;
mod last_stack;
mod learn;
mod memo;
pub mod modules;
mod odd_frames;
mod own;
mod readable;
mod reader;
mod recent;
mod registers;
mod rule;
mod tables;
mod thread_list;
mod thread_state;
mod usual;
mod walk;
mod way_out;

pub(crate) use after_fork::check as check_fork;
pub(crate) use again::known_site;
pub(crate) use bounds::first_stack_end;
pub(crate) use capture::{Steps, capture_unaided, with_stack, with_usual_stack};
pub(crate) use critical::{block_signals, restore_signals};
pub(crate) use engine::{FramePointerSteps, FramehopSteps, chosen};
pub(crate) use frame::Frame;
pub(crate) use hash::of as hash_of;
pub(crate) use last_stack::LastStack;
pub(crate) use readable::is_readable;
pub(crate) use recent::Recent;
pub(crate) use thread_state::Memory;
pub(crate) use usual::Nodes;
pub use walk::{Purpose, Request, Window};

pub use engine::{Backtrace, Engine, EngineChoice, FramePointer, Framehop, Unaided, set_engine};
pub use hash::WINDOW_MAX as DEPTH_MAX;
pub use registers::Registers;

/// No code lies below this address.
const CODE_MIN: usize = 4096;

/// Writes the stack of the caller to `out`, innermost frame first, and says how many frames there
/// are. The library's own innermost frames are left out, if it is a library of its own; in a program
/// that it is linked into, only that of this function is.
#[inline(never)]
pub fn capture(out: &mut [usize]) -> usize {
    let start = Registers::here();
    capture_request(
        &Request {
            start,
            depth: out.len(),
            skip: 1,
            own: own::range(),
            purpose: Purpose::Allocation,
        },
        out,
    )
}

/// The same for the stack whose innermost frame has these registers, such as those that a signal
/// handler is given.
///
/// # Safety
/// The registers are those of a frame of this thread that does not end before this returns.
pub unsafe fn capture_from(start: &Registers, out: &mut [usize]) -> usize {
    let request = Request {
        start: *start,
        depth: out.len(),
        skip: 0,
        own: own::range(),
        purpose: Purpose::Allocation,
    };
    capture_request(&request, out)
}

fn capture_request(request: &Request, out: &mut [usize]) -> usize {
    match chosen() {
        EngineChoice::Framehop => Framehop.capture(request, out),
        EngineChoice::FramePointer => FramePointer.capture(request, out),
        EngineChoice::Backtrace => Backtrace.capture(request, out),
    }
}

/// The library's own code, if it is a library of its own.
pub(crate) fn own_code() -> core::ops::Range<usize> {
    own::range()
}

/// Notices which modules were opened and closed. Not needed for right stacks of what is open; it
/// makes sure that no rule of a closed library is used for another one at the same place.
pub fn refresh_modules() {
    modules::revalidate();
}

/// How many threads' worth of memory is in use or kept for new threads.
pub fn thread_states() -> usize {
    thread_list::count()
}
