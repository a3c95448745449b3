//! The frame of whoever called in, for the functions behind the front door that need a stack.
//!
//! What is reached by jumps from the exported symbol on has the symbol's own view of registers and stack:
//! the return address on top, the caller's frame pointer in its register. So one jump more can hand
//! over both, and the stack begins at the program's frame without climbing out of the library. If a
//! compiler makes one of the jumps a call, what is handed over is our own frame, which is as true, and
//! takes longer.
//! Cost: two instructions and a jump, behind the fast paths.

use crate::unwind::Registers;

/// What the last jump hands over.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct ReturnAt(*const usize);

impl ReturnAt {
    /// The caller's frame.
    ///
    /// # Safety
    /// It was handed over together with `frame_pointer` by one of the jumps made here.
    #[inline(always)]
    pub unsafe fn caller(self, frame_pointer: usize) -> Registers {
        // SAFETY: the return address lies on this thread's stack, below the caller's frame.
        let address = unsafe { self.0.read_volatile() };
        Registers::returning(address, self.0 as usize + size_of::<usize>(), frame_pointer)
    }
}

/// Makes of `fn NAME(argument, ...) -> result => TO, "register", "register"` a function that jumps to `TO`,
/// which takes the same arguments, and a [`ReturnAt`] and the caller's frame pointer in those
/// registers: the next two that arguments go in.
#[macro_export]
macro_rules! jump_with_caller {
    (
        $(#[$note:meta])*
        $visibility:vis fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty => $to:path,
        $return_at:literal, $frame_pointer:literal
    ) => {
        $(#[$note])*
        #[cold]
        #[unsafe(naked)]
        $visibility unsafe extern "C-unwind" fn $name($($argument: $type),*) -> $result {
            const _: unsafe extern "C-unwind" fn(
                $($type,)* $crate::front::ReturnAt, usize
            ) -> $result = $to;
            core::arch::naked_asm!(
                // Naked functions have no unwind information but what they state.
                ".cfi_startproc",
                concat!("mov ", $return_at, ", rsp"),
                concat!("mov ", $frame_pointer, ", rbp"),
                "jmp {to}",
                ".cfi_endproc",
                to = sym $to,
            )
        }
    };
}
pub use jump_with_caller;
