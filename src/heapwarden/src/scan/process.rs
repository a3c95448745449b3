//! What kind of process this is: one of its own, or one that `vfork` made, which works in the memory
//! of another.
//!
//! A vfork child that ends must not be checked: the blocks, the stack and the locks are its parent's.
//! It has its own number, but the thread's descriptor holds the parent's. The number is asked for by a
//! call that every sandbox allows: to lock a fresh priority-inheritance futex stores it there.

use super::glibc;
use core::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{Acquire, Relaxed},
};
use heapwarden_core::os::syscall;
use heapwarden_core::tls;

/// This process was forked without libc's knowledge: its descriptor holds its parent's number, too.
static IS_UNKNOWN: AtomicBool = AtomicBool::new(false);

/// The calling thread's number; `None` where the kernel does not say.
fn own_number() -> Option<u32> {
    let word = AtomicU32::new(0);
    let operation = (libc::FUTEX_LOCK_PI | libc::FUTEX_PRIVATE_FLAG) as usize;
    // SAFETY: the kernel stores the number in the local. Nobody else waits for it, so that the kernel
    // remembers nothing of it.
    let answer = unsafe {
        syscall::uncounted(libc::SYS_futex, [word.as_ptr() as usize, operation, 0, 0, 0, 0])
    };
    answer.ok().map(|_| word.load(Acquire) & libc::FUTEX_TID_MASK)
}

/// Whether the kernel knows this thread by another number than libc.
fn has_other_number() -> bool {
    // SAFETY: this thread's descriptor.
    let known = unsafe { glibc::thread_number(tls::thread_pointer()) };
    known != 0 && own_number().is_some_and(|number| number != known)
}

/// Whether the memory is that of another process.
pub fn shares_memory() -> bool {
    has_other_number() && !IS_UNKNOWN.load(Relaxed)
}

/// In a forked child.
pub fn repair_after_fork() {
    IS_UNKNOWN.store(has_other_number(), Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libc_and_the_kernel_agree_on_every_thread() {
        glibc::prepare();
        let check = || {
            // SAFETY: takes nothing.
            let asked = unsafe { libc::syscall(libc::SYS_gettid) };
            assert_eq!(own_number().map(i64::from), Some(asked));
            assert!(!shares_memory());
        };
        check();
        std::thread::spawn(check).join().expect("the checks pass");
    }
}
