//! The registers of a thread, as words to look for pointers in.

use core::arch::asm;
use core::ops::Range;

/// Registers that can hold a pointer of the program.
pub const COUNT: usize = 16;

/// Where a thread stands.
#[derive(Clone, Copy, Debug)]
pub struct Registers {
    /// The general registers, in no particular order.
    pub words: [usize; COUNT],
    /// The stack pointer.
    pub sp: usize,
}

impl Registers {
    /// Those of the caller that a call preserves; any other is not in use across a call.
    #[inline(always)]
    pub fn here() -> Registers {
        let mut words = [0; COUNT];
        let sp: usize;
        // SAFETY: stores six registers in the array, and tells the stack pointer.
        unsafe {
            asm!(
                "mov [{words}], rbx",
                "mov [{words} + 8], rbp",
                "mov [{words} + 16], r12",
                "mov [{words} + 24], r13",
                "mov [{words} + 32], r14",
                "mov [{words} + 40], r15",
                "mov {sp}, rsp",
                words = in(reg) words.as_mut_ptr(),
                sp = out(reg) sp,
                options(nostack, preserves_flags),
            );
        }
        Registers { words, sp }
    }

    /// Those of a frame that a signal interrupted.
    pub fn interrupted(context: &libc::ucontext_t) -> Registers {
        const GENERAL: [i32; COUNT] = [
            libc::REG_R8,
            libc::REG_R9,
            libc::REG_R10,
            libc::REG_R11,
            libc::REG_R12,
            libc::REG_R13,
            libc::REG_R14,
            libc::REG_R15,
            libc::REG_RDI,
            libc::REG_RSI,
            libc::REG_RBP,
            libc::REG_RBX,
            libc::REG_RDX,
            libc::REG_RAX,
            libc::REG_RCX,
            libc::REG_RIP,
        ];
        let register = |number: i32| context.uc_mcontext.gregs[number as usize] as usize;
        Registers { words: GENERAL.map(register), sp: register(libc::REG_RSP) }
    }
}

/// Where the kernel has saved the vector registers of an interrupted frame; code copies pointers
/// through them.
pub fn extended(context: &libc::ucontext_t) -> Range<usize> {
    /// The part that every processor has (FXSAVE), and where the kernel says in it how much there is.
    const LEGACY_BYTES: usize = 512;
    const MAGIC_AT: usize = 464;
    const MAGIC: u32 = 0x4650_5853;
    let start = context.uc_mcontext.fpregs as usize;
    if start == 0 {
        return 0..0;
    }
    // SAFETY: the kernel's frame has that part.
    let [magic, bytes] = unsafe { *((start + MAGIC_AT) as *const [u32; 2]) };
    let bytes = if magic == MAGIC { bytes as usize } else { LEGACY_BYTES };
    start..start + bytes.clamp(LEGACY_BYTES, 64 * 1024)
}
