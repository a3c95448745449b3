//! The way of a signal from us to the program.

use super::actions::program_action;
use super::kernel::{process_id, set_in_kernel, zeroed};
use core::ffi::{c_int, c_void};
use core::mem::transmute;
use heapwarden_core::os::syscall;

/// A handler of the program.
#[derive(Clone, Copy)]
pub struct Handler {
    address: usize,
    /// With SA_SIGINFO.
    takes_all: bool,
}

impl Handler {
    /// Calls it as the kernel would.
    pub fn call(self, signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
        if self.takes_all {
            // SAFETY: the program gave it as a handler of this type.
            let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                unsafe { transmute(self.address) };
            handler(signal, info, context);
        } else {
            // SAFETY: as above.
            let handler: extern "C" fn(c_int) = unsafe { transmute(self.address) };
            handler(signal);
        }
    }
}

/// What happens to a signal without us: the handler to call, or, when there is none, the signal is
/// sent once more, for the default action.
///
/// # Safety
/// `info` is what our handler was called with.
pub unsafe fn whats_next(signal: c_int, info: *mut libc::siginfo_t) -> Option<Handler> {
    let action = program_action(signal)?;
    if !matches!(action.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN) {
        let takes_all = action.sa_flags & libc::SA_SIGINFO != 0;
        return Some(Handler { address: action.sa_sigaction, takes_all });
    }
    // With all that is known of it, so that the core dump and the status are those of the fault. It
    // is blocked until our handler returns.
    set_in_kernel(signal, &zeroed());
    // SAFETY: takes nothing and cannot fail.
    let thread = unsafe { syscall::call(libc::SYS_gettid, [0; 6]) }.unwrap_or(0);
    let arguments = [process_id() as usize, thread, signal as usize, info as usize, 0, 0];
    // SAFETY: the kernel reads the siginfo that it wrote itself.
    let _ = unsafe { syscall::call(libc::SYS_rt_tgsigqueueinfo, arguments) };
    None
}
