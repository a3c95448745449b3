//! The timer that sends a signal once more.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicI32, Ordering::AcqRel};
use heapwarden_core::os::syscall;

/// The kernel's number of the timer that will remind of it; -1 for none.
static TIMER: AtomicI32 = AtomicI32::new(-1);

const TURN_NANOSECONDS: i64 = 300_000;

/// What our timer's signals carry, and no other's.
pub fn mark() -> *mut c_void {
    (&raw const TIMER).cast_mut().cast()
}

/// Sends the signal to this thread once more, a moment later.
pub fn set(signal: c_int) {
    // SAFETY: plain data, for which all zero is valid.
    let mut event: libc::sigevent = unsafe { MaybeUninit::zeroed().assume_init() };
    event.sigev_signo = signal;
    event.sigev_notify = libc::SIGEV_THREAD_ID;
    event.sigev_value.sival_ptr = mark();
    // SAFETY: takes nothing.
    event.sigev_notify_thread_id =
        unsafe { syscall::call(libc::SYS_gettid, [0; 6]) }.unwrap_or(0) as c_int;
    let mut timer: c_int = -1;
    let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let value = libc::timespec { tv_sec: 0, tv_nsec: TURN_NANOSECONDS };
    let once = libc::itimerspec { it_interval: zero, it_value: value };
    let clock = libc::CLOCK_MONOTONIC as usize;
    let create = [clock, &raw const event as usize, &raw mut timer as usize, 0, 0, 0];
    // SAFETY: the kernel reads the locals, and writes the timer's number.
    unsafe {
        if syscall::call(libc::SYS_timer_create, create).is_ok() {
            let set = [timer as usize, 0, &raw const once as usize, 0, 0, 0];
            let _ = syscall::call(libc::SYS_timer_settime, set);
            delete(TIMER.swap(timer, AcqRel));
        }
    }
}

fn delete(timer: c_int) {
    if timer >= 0 {
        // SAFETY: a timer of ours, which nobody else knows.
        let _ = unsafe { syscall::call(libc::SYS_timer_delete, [timer as usize, 0, 0, 0, 0, 0]) };
    }
}

/// The reminder came.
pub fn forget() {
    delete(TIMER.swap(-1, AcqRel));
}
