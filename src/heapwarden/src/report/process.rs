//! What a report asks of the kernel about its own process, by raw system calls: libc's functions
//! would change errno, may be interposed, and block signals or take locks of their own.

use heapwarden_core::os::syscall;

/// The process id; fresh, for it changes in a forked child.
pub(super) fn process_id() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { syscall::call(libc::SYS_getpid, [0; 6]) }.unwrap_or(0) as u32
}

/// The kernel's number of this thread.
pub(super) fn thread_id() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { syscall::call(libc::SYS_gettid, [0; 6]) }.unwrap_or(0) as u32
}

/// Ends the process with all its threads.
pub(crate) fn exit(code: i32) -> ! {
    loop {
        // SAFETY: ends the process.
        let _ = unsafe { syscall::call(libc::SYS_exit_group, [code as usize, 0, 0, 0, 0, 0]) };
        // A filter of system calls may forbid even that.
        // SAFETY: an instruction that the processor refuses, which ends the process.
        unsafe { core::arch::asm!("ud2", options(nomem, nostack)) };
    }
}

/// Sends a signal to this thread.
pub(super) fn raise(signal: i32) {
    let target = [process_id() as usize, thread_id() as usize, signal as usize, 0, 0, 0];
    // SAFETY: takes numbers only.
    let _ = unsafe { syscall::call(libc::SYS_tgkill, target) };
}

/// Whether a thread of this process is still there.
pub(super) fn thread_exists(thread: u32) -> bool {
    let target = [process_id() as usize, thread as usize, 0, 0, 0, 0];
    // SAFETY: signal 0 is not sent, its target is only looked up.
    let answer = unsafe { syscall::call(libc::SYS_tgkill, target) };
    answer != Err(libc::ESRCH)
}

/// Sleeps for some milliseconds, or until a signal comes.
pub(super) fn sleep_ms(milliseconds: u32) {
    let nanoseconds = i64::from(milliseconds % 1000) * 1_000_000;
    let time = libc::timespec { tv_sec: i64::from(milliseconds / 1000), tv_nsec: nanoseconds };
    // SAFETY: the kernel reads one timespec of ours.
    let _ =
        unsafe { syscall::call(libc::SYS_nanosleep, [&raw const time as usize, 0, 0, 0, 0, 0]) };
}

/// The signals that a thread blocks, as the kernel takes them.
pub(super) type SignalSet = u64;

/// The bit of a signal.
pub(super) const fn bit(signal: i32) -> SignalSet {
    1 << (signal - 1)
}

/// Blocks exactly these signals; returns those that were blocked before.
pub(super) fn set_blocked(blocked: SignalSet) -> Option<SignalSet> {
    change_blocked(libc::SIG_SETMASK, blocked)
}

/// Lets one signal through.
pub(super) fn unblock(signal: i32) {
    change_blocked(libc::SIG_UNBLOCK, bit(signal));
}

fn change_blocked(how: i32, set: SignalSet) -> Option<SignalSet> {
    let mut before: SignalSet = 0;
    let (new, old) = (&raw const set as usize, &raw mut before as usize);
    // SAFETY: the kernel reads one set and writes one, both locals of the size that is given.
    let answer = unsafe {
        syscall::call(
            libc::SYS_rt_sigprocmask,
            [how as usize, new, old, size_of::<SignalSet>(), 0, 0],
        )
    };
    answer.ok().map(|_| before)
}

/// Gives a signal its default action.
pub(super) fn restore_default(signal: i32) {
    // The kernel's sigaction: handler, flags, restorer, mask. All zero is the default action.
    let action = [0u64; 4];
    let arguments = [signal as usize, action.as_ptr().addr(), 0, size_of::<SignalSet>(), 0, 0];
    // SAFETY: the kernel reads the four words.
    let _ = unsafe { syscall::call(libc::SYS_rt_sigaction, arguments) };
}
