//! The frame by which the program came in.
//!
//! Stacks do not start where they are taken but at this frame. In a Rust program that the library is linked
//! into, its code cannot be told from the program's by addresses; there the frame is what the compiler made
//! for `__rust_alloc` and its relatives, or part of their caller. In the preload library it is the caller's
//! of `malloc` and its relatives, so that none of ours need be climbed.
//! Beside it, in the same bytes of thread-local storage, lie the alignment that the program states, for the
//! records of new blocks, and the word of [`crate::testing`].
//! Cost: a few stores per request; a load per stack.

use crate::unwind::Registers;

core::arch::global_asm!(
    ".section .tbss.heapwarden_door,\"awT\",@nobits",
    ".hidden heapwarden_door",
    ".globl heapwarden_door",
    ".type heapwarden_door,@object",
    ".size heapwarden_door,24",
    ".p2align 4",
    "heapwarden_door:",
    ".zero 24",
    ".previous",
);

/// A thread's words, as [`heapwarden_core::tls`] has them and for the same reasons. Zero at first.
#[repr(C)]
pub struct Door {
    /// The frame, while the thread is in the library.
    frame: *const Registers,
    /// The alignment that it asks for or states then.
    alignment: usize,
    /// For [`crate::testing`].
    pub scope: usize,
}

/// This thread's.
#[inline(always)]
pub fn door() -> *mut Door {
    let address: *mut Door;
    // SAFETY: reads the thread pointer and a GOT entry; no memory of Rust is touched.
    unsafe {
        core::arch::asm!(
            "mov {0}, qword ptr fs:[0]",
            "add {0}, qword ptr [rip + heapwarden_door@GOTTPOFF]",
            out(reg) address,
            options(pure, readonly, nostack),
        );
    }
    address
}

const _: () = assert!(size_of::<Door>() == 24);

/// Does `action` for a program that came in by `frame`.
///
/// # Safety
/// The frame is one of this thread that does not end before this returns.
#[inline(always)]
pub unsafe fn through<R>(frame: &Registers, action: impl FnOnce() -> R) -> R {
    // SAFETY: this thread's words. A signal handler that comes in meanwhile puts back what it found.
    unsafe {
        let before = (*door()).frame;
        (*door()).frame = frame;
        let result = action();
        (*door()).frame = before;
        result
    }
}

/// The same for a program that states the alignment of what it asks for or gives back.
///
/// # Safety
/// As for [`through`].
#[inline(always)]
pub unsafe fn stating<R>(frame: &Registers, alignment: usize, action: impl FnOnce() -> R) -> R {
    // SAFETY: as in `through`, and the caller's promise.
    unsafe {
        let before = (*door()).alignment;
        (*door()).alignment = alignment;
        let result = through(frame, action);
        (*door()).alignment = before;
        result
    }
}

/// The frame, if the program came in by one.
#[inline(always)]
pub fn frame() -> Option<&'static Registers> {
    // SAFETY: null or what `through` was given, which outlives the action that asks.
    unsafe { (*door()).frame.as_ref() }
}

/// The alignment that the program states, if it came in by a frame; else any number.
#[inline(always)]
pub fn alignment() -> usize {
    // SAFETY: this thread's word.
    unsafe { (*door()).alignment }
}
