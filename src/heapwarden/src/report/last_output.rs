//! The program's output that still waits in stdio when the check at exit ends the program.
//!
//! `exit` writes it after the last handler, and ours is the last: a report that ends the process
//! there would lose it. So it is written then: after the report, for the output may lead nowhere
//! (SIGPIPE), and before the end. A report at any other moment leaves stdio alone, as `abort` does.
//!
//! `fflush(NULL)` waits for every stream's lock, which a thread in `getchar` may hold for ever. It
//! is called in a process of one thread only; else only standard output is written, if no other
//! thread has it.

use super::process;
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use libc::{FILE, c_int};

unsafe extern "C" {
    static stdout: *mut FILE;
    fn __fpending(stream: *mut FILE) -> usize;
    fn fflush_unlocked(stream: *mut FILE) -> c_int;
    fn ftrylockfile(stream: *mut FILE) -> c_int;
    fn funlockfile(stream: *mut FILE);
}

/// The thread in which the handlers of `exit` have run; 0 for none.
static ENDING: AtomicU32 = AtomicU32::new(0);

/// `exit` is about to write what waits: so must whatever ends this thread's process before it does.
pub(crate) fn is_due() {
    ENDING.store(process::thread_id(), Relaxed);
}

/// Writes what waits if that is due; once.
pub(crate) fn write() {
    let ending = ENDING.load(Relaxed);
    if ending == 0 || ending != process::thread_id() {
        return;
    }
    ENDING.store(0, Relaxed);
    if is_alone() {
        // SAFETY: what `exit` would do next; no other thread has a stream.
        unsafe { libc::fflush(null_mut()) };
        return;
    }
    // SAFETY: `stdout` is a stream, also when it was closed: then nothing waits in it.
    unsafe {
        if __fpending(stdout) > 0 && ftrylockfile(stdout) == 0 {
            fflush_unlocked(stdout);
            funlockfile(stdout);
        }
    }
}

/// Whether this is the process's only thread: each counts as a link of the folder.
fn is_alone() -> bool {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: a C string, and room for the answer.
    let answer = unsafe { libc::stat(c"/proc/self/task".as_ptr(), status.as_mut_ptr()) };
    // SAFETY: filled in when the answer is 0.
    answer == 0 && unsafe { status.assume_init() }.st_nlink == 3
}
