//! The kernel's side of signals: actions and masks, without what the program may have put in between.

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr::{null, null_mut};
use heapwarden_core::os::syscall;

/// What is done about a signal.
pub type Action = libc::sigaction;

unsafe extern "C" {
    /// libc's own, whatever `sigaction` is bound to. Safe in signal handlers.
    fn __sigaction(signal: c_int, new: *const Action, old: *mut Action) -> c_int;
}

/// The process; fresh, for it changes in a forked child.
pub fn process_id() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { syscall::call(libc::SYS_getpid, [0; 6]) }.unwrap_or(0) as u32
}

/// Changes which signals this thread blocks; returns those that were blocked.
pub fn change_blocked(how: c_int, set: u64) -> u64 {
    let mut before = 0u64;
    let (new, old) = (&raw const set as usize, &raw mut before as usize);
    let arguments = [how as usize, new, old, size_of::<u64>(), 0, 0];
    // SAFETY: the kernel reads one set and writes one, both locals of the size that is given.
    let _ = unsafe { syscall::call(libc::SYS_rt_sigprocmask, arguments) };
    before
}

/// The bit of a signal in a mask.
pub const fn bit(signal: c_int) -> u64 {
    1 << (signal - 1)
}

/// Lets faults through, in a handler.
pub fn unblock_faults() {
    change_blocked(libc::SIG_UNBLOCK, bit(libc::SIGSEGV) | bit(libc::SIGBUS));
}

/// The default action.
pub fn zeroed() -> Action {
    // SAFETY: plain data, for which all zero is valid: the default action.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// The action in the kernel.
pub fn in_kernel(signal: c_int) -> Action {
    let mut action = zeroed();
    // SAFETY: writes one action to a local.
    unsafe { __sigaction(signal, null(), &raw mut action) };
    action
}

/// Sets the action in the kernel.
pub fn set_in_kernel(signal: c_int, action: &Action) -> c_int {
    // SAFETY: reads one action. Handlers in there are the program's, or ours.
    unsafe { __sigaction(signal, action, null_mut()) }
}
