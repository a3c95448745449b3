//! The stack that reports are made on, and the way out of a report that goes wrong.
//!
//! Errors are found in signal handlers on small alternate stacks and in threads of 16 KiB;
//! symbolizing needs more. [`run`] calls a function on another stack. [`escape`] leaves it from any
//! depth, without running destructors: from a fault, a panic, or when there is no memory or no time.
//! Only the thread that holds the report lock calls either, so one word of state is enough.

use crate::inside;
use core::ffi::c_void;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

core::arch::global_asm!(
    // usize heapwarden_report_switch(stack_top, function, argument, *saved_stack_pointer)
    ".globl heapwarden_report_switch",
    ".hidden heapwarden_report_switch",
    ".type heapwarden_report_switch, @function",
    ".p2align 4",
    "heapwarden_report_switch:",
    ".cfi_startproc",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    // From here on the frame is found by rbp: unwinders and debuggers see the caller's stack.
    ".cfi_def_cfa_register rbp",
    "push rbx",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "mov [rcx], rsp",
    "mov rsp, rdi",
    "mov rdi, rdx",
    "call rsi",
    "lea rsp, [rbp - 40]",
    "xor eax, eax",
    "jmp 2f",
    ".cfi_endproc",
    // void heapwarden_report_escape(saved_stack_pointer): makes the switch return 1
    ".globl heapwarden_report_escape",
    ".hidden heapwarden_report_escape",
    ".type heapwarden_report_escape, @function",
    "heapwarden_report_escape:",
    "mov rsp, rdi",
    "mov eax, 1",
    "2:",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    "ret",
    ".size heapwarden_report_switch, . - heapwarden_report_switch",
);

unsafe extern "C" {
    fn heapwarden_report_switch(
        stack_top: usize,
        function: extern "C" fn(*mut c_void),
        argument: *mut c_void,
        saved: *mut usize,
    ) -> usize;
    fn heapwarden_report_escape(saved: usize) -> !;
}

/// Where the running switch saved its registers; 0 when none runs.
static SAVED: AtomicUsize = AtomicUsize::new(0);

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Finished,
    Escaped,
}

/// Calls `action` on the stack that ends at `top`.
///
/// # Safety
/// `top` is the end of a mapped stack, a multiple of 16, on which nothing lies. If `action` is left
/// by [`escape`], nobody relies on what its locals would have done when dropped.
pub(super) unsafe fn run(top: usize, mut action: &mut dyn FnMut()) -> Outcome {
    let argument = (&raw mut action).cast();
    let depth = inside::depth();
    // SAFETY: the stack is the caller's promise; `enter` takes what `argument` points to; the word is
    // static.
    let escaped = unsafe { heapwarden_report_switch(top, enter, argument, SAVED.as_ptr()) };
    SAVED.store(0, Relaxed);
    if escaped == 0 {
        return Outcome::Finished;
    }
    // Guards that were left behind do not lower the flag any more.
    inside::restore(depth);
    Outcome::Escaped
}

/// The same for what is never left.
///
/// # Safety
/// As for [`run`]; [`escape`] inside of `action` leads out of a [`run`] in there, not out of this.
pub(crate) unsafe fn call_on(top: usize, mut action: &mut dyn FnMut()) {
    let argument = (&raw mut action).cast();
    let mut saved = 0;
    // SAFETY: the stack is the caller's promise; `enter` takes what `argument` points to.
    unsafe { heapwarden_report_switch(top, enter, argument, &raw mut saved) };
}

extern "C" fn enter(argument: *mut c_void) {
    // SAFETY: `run` passes a pointer to its parameter, which outlives this call.
    let action: &mut &mut dyn FnMut() = unsafe { &mut *argument.cast() };
    let unwinds = Unwinds;
    action();
    core::mem::forget(unwinds);
}

/// Dropped only by a panic that unwinds (a Rust program's own, not the preload library's).
struct Unwinds;

impl Drop for Unwinds {
    fn drop(&mut self) {
        escape();
    }
}

/// Ends the running [`run`] of this thread; returns if there is none.
pub(super) fn escape() {
    let saved = SAVED.swap(0, Relaxed);
    if saved != 0 {
        // SAFETY: the switch that saved there has not returned, and it is on this thread.
        unsafe { heapwarden_report_escape(saved) };
    }
}

/// Forgets a switch that another process made.
pub(super) fn forget() {
    SAVED.store(0, Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    // The word of state is shared, so both cases are one test.
    #[test]
    fn actions_run_on_the_other_stack_and_can_be_left() {
        let mut stack = vec![0u128; 16 * 1024];
        let range = stack.as_mut_ptr_range();
        let mut place = 0;
        // SAFETY: a stack of 256 KiB that nobody uses.
        let outcome = unsafe {
            run(range.end.addr(), &mut || {
                let local = 0u8;
                place = (&raw const local).addr();
            })
        };
        assert_eq!(outcome, Outcome::Finished);
        assert!((range.start.addr()..range.end.addr()).contains(&place));
        let mut steps = 0;
        // SAFETY: as above; the action's locals need no drop.
        let outcome = unsafe {
            run(range.end.addr(), &mut || {
                steps += 1;
                escape();
                steps += 10;
            })
        };
        assert_eq!((outcome, steps), (Outcome::Escaped, 1));
        escape();
    }
}
