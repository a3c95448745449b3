//! What the kernel says of a fault, as plain data.

use core::ffi::c_void;

/// How the processor refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// An address that is not mapped, or not for this: the address is known.
    Page {
        /// Where.
        address: usize,
        /// Whether it was a write.
        write: bool,
        /// Whether it was the instruction itself that could not be fetched.
        fetch: bool,
    },
    /// An address that is none (or another rule was broken): the processor does not say which.
    General,
    /// Not the processor: somebody sent the signal, or it is about something else.
    Other,
}

/// A fault.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// How the processor refused.
    pub refusal: Refusal,
    /// The general registers, in the order of their numbers: rax, rcx, rdx, rbx, rsp, rbp, ...
    pub registers: [usize; 16],
    /// The instruction.
    pub pc: usize,
}

/// Numbers of the processor's exceptions.
const STACK_SEGMENT: i64 = 12;
const GENERAL_PROTECTION: i64 = 13;
const PAGE_FAULT: i64 = 14;

/// Bits of a page fault's error code.
const WRITE: i64 = 1 << 1;
const FETCH: i64 = 1 << 4;

/// Where the registers stand in the kernel's structure, in the order of their numbers.
const ORDER: [i32; 16] = [
    libc::REG_RAX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RBX,
    libc::REG_RSP,
    libc::REG_RBP,
    libc::REG_RSI,
    libc::REG_RDI,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
];

/// The number of the stack pointer.
pub const SP: usize = 4;
/// The number of the frame pointer.
pub const BP: usize = 5;

impl Fault {
    /// Reads what a handler is given.
    ///
    /// # Safety
    /// Both pointers are those that a handler with SA_SIGINFO gets.
    pub unsafe fn read(info: *const libc::siginfo_t, context: *const c_void) -> Fault {
        // SAFETY: the caller's promise; x86-64's context is a ucontext_t.
        let (code, address, general) = unsafe {
            let context = &*context.cast::<libc::ucontext_t>();
            ((*info).si_code, (*info).si_addr() as usize, &context.uc_mcontext.gregs)
        };
        let error = general[libc::REG_ERR as usize];
        let refusal = match general[libc::REG_TRAPNO as usize] {
            // Whoever sends a signal has a code that is not positive.
            _ if code <= 0 => Refusal::Other,
            PAGE_FAULT => {
                let (write, fetch) = (error & WRITE != 0, error & FETCH != 0);
                Refusal::Page { address, write, fetch }
            }
            GENERAL_PROTECTION | STACK_SEGMENT => Refusal::General,
            _ => Refusal::Other,
        };
        let registers = ORDER.map(|position| general[position as usize] as usize);
        Fault { refusal, registers, pc: general[libc::REG_RIP as usize] as usize }
    }

    /// The stack pointer.
    pub fn sp(&self) -> usize {
        self.registers[SP]
    }

    /// The frame pointer.
    pub fn bp(&self) -> usize {
        self.registers[BP]
    }
}
