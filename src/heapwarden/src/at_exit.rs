//! What happens at the end of a process: in the checked profiles the whole heap is verified, leaks
//! are reported, and with `stats=1` the statistics are printed.
//!
//! The handler is registered without a library handle and, by the preload library, before libc
//! registers the loader's: handlers run in reverse, so ours comes after every destructor of the
//! program and of its libraries. By then programs have closed standard error (the GNU tools do), so
//! a duplicate is kept from the start. A process that ends itself with `_exit` runs no handler; the
//! preload library stands in front of that function ([`leave`]).

mod leaks;
mod leave;
mod once;

pub use leaks::check_now as check_leaks_now;
pub use leave::leave;

use crate::text::Descriptor;
use crate::{checked, report, scan, statistics_text};
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering::Relaxed};
use leaks::Wanted;
use once::Once;

unsafe extern "C" {
    fn __cxa_atexit(
        handler: extern "C" fn(*mut c_void),
        argument: *mut c_void,
        library: *mut c_void,
    ) -> c_int;
    fn __cxa_at_quick_exit(handler: extern "C" fn(*mut c_void), library: *mut c_void) -> c_int;
}

/// The duplicate of standard error; -1 when there is none.
static DUPLICATE: AtomicI32 = AtomicI32::new(-1);
/// What the duplicate was open on; a program may close it and get the number again.
static DEVICE: AtomicU64 = AtomicU64::new(0);
static FILE: AtomicU64 = AtomicU64::new(0);

static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Registers the handler if there is something to do; once, however often it is called.
#[inline]
pub fn install() {
    if !INSTALLED.load(Relaxed) {
        install_now();
    }
}

#[cold]
fn install_now() {
    let wanted = crate::start::options().stats || checked::settings().active;
    if !wanted || INSTALLED.swap(true, Relaxed) {
        return;
    }
    keep_stderr();
    crate::scan::prepare();
    // SAFETY: the handler takes any argument and its code is never unmapped (the preload library is
    // linked `-z nodelete`; a program's own code stays anyway).
    unsafe {
        __cxa_atexit(at_exit, null_mut(), null_mut());
        __cxa_at_quick_exit(at_quick_exit, null_mut());
    }
}

extern "C" fn at_exit(_: *mut c_void) {
    report::last_output_is_due();
    if let Some(status) = last_words() {
        // SAFETY: within `exit` this goes on with the handlers that remain and with what libc does
        // then, such as writing out its streams, and ends with this status.
        unsafe { libc::exit(status) };
    }
}

/// `quick_exit` leaves what waits in stdio unwritten.
extern "C" fn at_quick_exit(_: *mut c_void) {
    if let Some(status) = last_words() {
        report::end_process(status);
    }
}

/// Says everything that is to be said when the process ends, once. Returns the exit status to end
/// with, if it is to be another one.
fn last_words() -> Option<c_int> {
    static DONE: Once = Once::new();
    // The child of `vfork` has its parent's memory, and says nothing in its name.
    if scan::process::shares_memory() || !DONE.is_first() {
        return None;
    }
    let mut wanted = Wanted::Nothing;
    if checked::settings().active {
        checked::check_heap("exit check");
        wanted = leaks::tell("exit check");
        report::finish();
    }
    if crate::start::options().stats {
        print();
    }
    match wanted {
        Wanted::Nothing => None,
        Wanted::Status(status) => Some(status),
        Wanted::Abort => {
            report::write_last_output();
            report::abort()
        }
    }
}

fn print() {
    let number = DUPLICATE.load(Relaxed);
    let usable =
        number >= 0 && identity(number) == Some((DEVICE.load(Relaxed), FILE.load(Relaxed)));
    statistics_text::print(&mut Descriptor::new(if usable { number } else { 2 }));
}

fn keep_stderr() {
    /// Above the numbers that programs and shells choose for themselves.
    const NUMBER_MIN: c_int = 600;
    let Some((device, file)) = identity(2) else { return };
    for lowest in [NUMBER_MIN, 3] {
        // SAFETY: takes numbers only; the duplicate does not survive an exec.
        let number = unsafe { libc::fcntl(2, libc::F_DUPFD_CLOEXEC, lowest) };
        if number >= 0 {
            DEVICE.store(device, Relaxed);
            FILE.store(file, Relaxed);
            DUPLICATE.store(number, Relaxed);
            return;
        }
    }
}

/// Which file a descriptor is open on.
fn identity(number: c_int) -> Option<(u64, u64)> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the kernel writes to `status` only.
    if unsafe { libc::fstat(number, status.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: the call succeeded, so it was filled in.
    let status = unsafe { status.assume_init() };
    Some((status.st_dev, status.st_ino))
}
