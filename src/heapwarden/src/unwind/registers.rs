//! The state of a frame: where it executes and where its stack lies.

use core::arch::asm;

/// The registers that stack unwinding needs.
///
/// `pc` is kept in the form of a return address: the instruction being executed is the one that
/// ends at or holds the byte `pc - 1`. So every frame of a stack is treated alike, also those that a
/// signal interrupted; use the constructors to get it right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// One past (a byte of) the instruction that the frame executes.
    pub pc: usize,
    /// The stack pointer.
    pub sp: usize,
    /// The frame pointer register, whatever the function uses it for.
    pub bp: usize,
}

impl Registers {
    /// A frame that a signal or fault stopped at the instruction `pc`.
    pub const fn interrupted(pc: usize, sp: usize, bp: usize) -> Registers {
        Registers { pc: pc.wrapping_add(1), sp, bp }
    }

    /// A frame that waits for a call which will return to `address`; `sp` is what it will be then.
    pub const fn returning(address: usize, sp: usize, bp: usize) -> Registers {
        Registers { pc: address, sp, bp }
    }

    /// The registers of the function that this is inlined into. They stay good for unwinding for
    /// as long as that function runs.
    #[inline(always)]
    pub fn here() -> Registers {
        let (pc, sp, bp);
        // SAFETY: reads three registers.
        unsafe {
            asm!(
                "lea {0}, [rip + 0]",
                "mov {1}, rsp",
                "mov {2}, rbp",
                out(reg) pc, out(reg) sp, out(reg) bp,
                options(nomem, nostack, preserves_flags),
            );
        }
        Registers { pc, sp, bp }
    }
}
