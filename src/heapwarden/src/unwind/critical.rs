//! The cold path's critical section: all signals blocked, one lock held, on a stack of its own.
//!
//! With signals blocked, no handler can interrupt the holder, ask for the lock again on the same
//! thread, or jump out of the section. With its own stack, parsing call frame information (some
//! KiB, in debug builds tens of KiB) works on the smallest of threads. Inside, nothing waits for
//! anybody: no libc function that locks, no loader lock.
//! Cost: two system calls; taken once per code address, module or thread.

use core::arch::asm;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr;
use heapwarden_core::RawMutex;
use heapwarden_core::os::{PAGE, mapping, syscall};

const STACK_BYTES: usize = 256 * 1024;

static LOCK: RawMutex = RawMutex::new();

struct Stack(UnsafeCell<usize>);

// SAFETY: only reached under `LOCK`, or by the repairing thread of a forked child.
unsafe impl Sync for Stack {}

/// The upper end of the section's stack; 0 before it is mapped.
static STACK: Stack = Stack(UnsafeCell::new(0));

struct Call<F, R> {
    action: Option<F>,
    result: MaybeUninit<R>,
}

/// Runs `action` alone. `None`, without running it, if there is no memory for the stack.
/// `action` must not enter the section again, wait, or panic.
pub fn run<R, F: FnOnce() -> R>(action: F) -> Option<R> {
    let mut call = Call { action: Some(action), result: MaybeUninit::uninit() };
    let mask = block_signals();
    LOCK.lock();
    // SAFETY: the lock is held.
    let top = unsafe { stack() };
    if let Some(top) = top {
        // SAFETY: the stack is nobody else's while the lock is held; the argument matches.
        unsafe { call_on(top, enter::<F, R>, (&raw mut call).cast()) };
    }
    LOCK.unlock();
    restore_signals(mask);
    // SAFETY: `enter` has written the result.
    top.map(|_| unsafe { call.result.assume_init() })
}

/// # Safety
/// The lock is held.
unsafe fn stack() -> Option<usize> {
    // SAFETY: promised by the caller.
    let top = unsafe { &mut *STACK.0.get() };
    if *top == 0 {
        let bytes = PAGE + STACK_BYTES;
        let low = mapping::map(bytes)?;
        // SAFETY: makes a guard page of the lowest page of the fresh mapping. If the kernel
        // refuses, there is none.
        let _ = unsafe {
            syscall::call(libc::SYS_mprotect, [low, PAGE, libc::PROT_NONE as usize, 0, 0, 0])
        };
        *top = low + bytes;
    }
    Some(*top)
}

unsafe extern "C" fn enter<F: FnOnce() -> R, R>(call: *mut u8) {
    // SAFETY: `run` passes its own `Call` and waits.
    let call = unsafe { &mut *call.cast::<Call<F, R>>() };
    if let Some(action) = call.action.take() {
        call.result.write(action());
    }
}

/// Calls `function` with the stack pointer at `top`.
///
/// # Safety
/// `top` is the 16-aligned upper end of a stack that nobody uses, and `argument` suits `function`.
unsafe fn call_on(top: usize, function: unsafe extern "C" fn(*mut u8), argument: *mut u8) {
    // SAFETY: the caller's promise. r12 survives the call and brings the old stack back.
    unsafe {
        asm!(
            "mov r12, rsp",
            "mov rsp, {top}",
            "call {function}",
            "mov rsp, r12",
            top = in(reg) top,
            function = in(reg) function,
            in("rdi") argument,
            out("r12") _,
            clobber_abi("C"),
        );
    }
}

fn change_mask(operation: i32, new: u64) -> u64 {
    let mut old = 0u64;
    // SAFETY: both masks are 8 bytes, live for the call. A refusal leaves the mask as it is.
    let _ = unsafe {
        syscall::call(
            libc::SYS_rt_sigprocmask,
            [operation as usize, &raw const new as usize, &raw mut old as usize, 8, 0, 0],
        )
    };
    old
}

/// Blocks every signal that can be blocked; returns the mask for [`restore_signals`].
pub fn block_signals() -> u64 {
    change_mask(libc::SIG_BLOCK, u64::MAX)
}

/// Undoes [`block_signals`].
pub fn restore_signals(mask: u64) {
    change_mask(libc::SIG_SETMASK, mask);
}

/// In a forked child: makes the section enterable again. Says whether a thread of the parent was
/// inside, so that what it worked on must be abandoned.
///
/// # Safety
/// Only the repairing thread runs.
pub unsafe fn repair_after_fork() -> bool {
    let torn = LOCK.is_held();
    if torn {
        // SAFETY: the holder does not exist; no other thread can be inside.
        unsafe {
            ptr::write(STACK.0.get(), 0);
            LOCK.reset();
        }
    }
    torn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_on_its_own_stack_with_signals_blocked() {
        let here = 0u8;
        let outside = &raw const here as usize;
        let (inside, mask) = run(|| {
            let there = 0u8;
            (&raw const there as usize, change_mask(libc::SIG_BLOCK, 0))
        })
        .expect("there is memory");
        assert!(outside.abs_diff(inside) > STACK_BYTES / 2);
        let usr1 = 1u64 << (libc::SIGUSR1 - 1);
        assert_ne!(mask & usr1, 0);
        assert_eq!(change_mask(libc::SIG_BLOCK, 0) & usr1, 0);
    }
}
