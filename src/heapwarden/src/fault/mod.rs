//! Faults: SIGSEGV and SIGBUS that are the late effect of a heap bug are reported, all others reach
//! the program untouched.
//!
//! - A fault in a freed block (a direct block is inaccessible while it waits) is a use after free,
//!   with READ or WRITE from the processor's error code and the block's history.
//! - A fault just outside of a large block is an overflow or underflow of it.
//! - An access through a value that is our fill pattern means that the pointer was read from freed
//!   memory (reported), or from memory that nobody initialised (told in a line).
//!
//! Invariants:
//! - the program's own handler stays in force behind ours ([`actions`]): it is called with the very
//!   arguments, stack and signal mask that it asked for, and what a query returns is its own;
//! - without one the default action happens: same signal, same status, same core dump;
//! - what is not ours costs some lookups and system calls, allocates nothing, and leaves the
//!   program's handler the stack that it counts on: we work on one of our own.
//!
//! The kernel's frame is put on the alternate stack of the thread, if the program has made one. None
//! is made here: a fault that is ours leaves the stack usable, and a stack that overflowed is not
//! ours.

mod actions;
mod context;
mod examine;
mod fill;
mod handler;
mod instruction;
mod kernel;
mod operand;
mod prefixes;
mod tell;

pub use actions::{install, is_handled, sigaction, signal};

use core::ffi::{c_int, c_void};

/// What the kernel calls.
pub(super) extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // A fault inside of a report: that goes on without names, and this does not return.
    if crate::report::is_reporting() {
        kernel::unblock_faults();
        crate::report::fault_inside();
    }
    let mut program = None;
    crate::handler_stack::run(&mut || {
        // SAFETY: the kernel, or a handler that chains to this one, hands over what belongs to a
        // signal of this thread.
        unsafe {
            let fault = context::Fault::read(info, context);
            if let Some(finding) = examine::examine(&fault) {
                tell::tell(&fault, &finding);
                if examine::goes_on(&fault) {
                    return;
                }
            }
            program = handler::whats_next(signal, info);
        }
    });
    if let Some(program) = program {
        program.call(signal, info, context);
    }
}
