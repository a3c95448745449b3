//! How to get from a frame to its caller: what call frame information says for one code address,
//! in 31 bits.
//!
//! The canonical frame address (CFA) is the caller's stack pointer after the return; the return
//! address lies in the word below it. A rule says how the CFA follows from the stack or frame
//! pointer and where, if anywhere, the caller's frame pointer was saved.

use super::reader::Reader;
use super::registers::Registers;
use core::num::NonZeroU32;
use core::ops::Range;

const KIND_BITS: u32 = 3;
const CFA_BITS: u32 = 16;
const SAVED_BITS: u32 = 12;

const STACK: u32 = 1;
const FRAME: u32 = 2;
const END: u32 = 3;
const SIGNAL: u32 = 4;
const REALIGNED: u32 = 5;
const GUESS: u32 = 6;

/// One step outwards. Never zero, so that zero can stand for "none" in tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule(NonZeroU32);

/// The outermost frame: its caller is nobody.
pub const OUTERMOST: Rule = Rule::of(END);
/// The kernel's return from a signal handler: the registers lie on the stack.
pub const SIGNAL_RETURN: Rule = Rule::of(SIGNAL);
/// Nothing is known of the code: it may have a frame pointer.
pub const FRAME_POINTER_GUESS: Rule = Rule::of(GUESS);

/// The state after a step, and where it was read.
#[derive(Clone, Copy)]
pub struct Caller {
    /// The caller's registers.
    pub registers: Registers,
    /// Where the return address was.
    pub slot: usize,
    /// Where the frame pointer was; 0 if the callee left it alone.
    pub bp_slot: usize,
    /// More was read than these two slots.
    pub fragile: bool,
}

impl Rule {
    /// CFA = stack pointer + `cfa`; the frame pointer was saved `saved` bytes below it, 0 for not.
    pub fn from_stack_pointer(cfa: usize, saved: usize) -> Option<Rule> {
        Self::encode(STACK, cfa, saved)
    }

    /// CFA = frame pointer + `cfa`; the frame pointer was saved `saved` bytes below it, 0 for not.
    pub fn from_frame_pointer(cfa: usize, saved: usize) -> Option<Rule> {
        Self::encode(FRAME, cfa, saved)
    }

    /// The stack was realigned: the CFA is stored `cfa` bytes below the frame pointer, which itself
    /// points to the caller's.
    pub fn from_realigned_frame(cfa: usize) -> Option<Rule> {
        Self::encode(REALIGNED, cfa, 0)
    }

    const fn of(kind: u32) -> Rule {
        Self::from_bits(kind).expect("kinds are not 0")
    }

    fn encode(kind: u32, cfa: usize, saved: usize) -> Option<Rule> {
        if !cfa.is_multiple_of(8) || !saved.is_multiple_of(8) || cfa == 0 {
            return None;
        }
        let (cfa, saved) = (cfa / 8, saved / 8);
        if cfa >> CFA_BITS != 0 || saved >> SAVED_BITS != 0 {
            return None;
        }
        Self::from_bits(kind | (cfa as u32) << KIND_BITS | (saved as u32) << (KIND_BITS + CFA_BITS))
    }

    /// The rule as a number that is not 0.
    pub const fn to_bits(self) -> u32 {
        self.0.get()
    }

    /// The rule of that number; `None` for 0.
    #[inline(always)]
    pub const fn from_bits(bits: u32) -> Option<Rule> {
        match NonZeroU32::new(bits) {
            Some(bits) => Some(Rule(bits)),
            None => None,
        }
    }

    fn kind(self) -> u32 {
        self.to_bits() & ((1 << KIND_BITS) - 1)
    }

    #[inline(always)]
    fn cfa(self) -> usize {
        8 * ((self.to_bits() >> KIND_BITS) & ((1 << CFA_BITS) - 1)) as usize
    }

    #[inline(always)]
    fn saved(self) -> usize {
        8 * (self.to_bits() >> (KIND_BITS + CFA_BITS)) as usize
    }

    /// Whether the step needs the frame pointer.
    #[inline(always)]
    pub fn needs_frame_pointer(self) -> bool {
        matches!(self.kind(), FRAME | REALIGNED | GUESS)
    }

    /// Whether the caller's stack pointer lies at a fixed distance from this one's.
    pub fn needs_only_stack_pointer(self) -> bool {
        self.kind() == STACK
    }

    /// Whether the caller's frame pointer is read from memory.
    #[inline(always)]
    pub fn restores_frame_pointer(self) -> bool {
        !matches!(self.kind(), STACK | FRAME) || self.saved() != 0
    }

    /// Whether the frame pointer matters in a frame with this rule, given whether it does in its caller.
    #[inline(always)]
    pub fn passes_need_of_bp(self, caller_needs_bp: bool) -> bool {
        self.needs_frame_pointer() || (caller_needs_bp && !self.restores_frame_pointer())
    }

    /// Where a step to the caller with this stack pointer found its frame pointer; 0 if that is in place.
    #[inline(always)]
    pub fn saved_below(self, cfa: usize) -> usize {
        match self.saved() {
            0 => 0,
            saved => cfa.wrapping_sub(saved),
        }
    }

    /// Steps from the frame `at` to its caller, if the CFA follows from the registers and all that is
    /// read lies on the thread's `own` stack.
    #[inline(always)]
    pub fn step_within(self, at: &mut Registers, own: &Range<usize>) -> Option<()> {
        let cfa = match self.kind() {
            STACK => at.sp.wrapping_add(self.cfa()),
            FRAME => at.bp.wrapping_add(self.cfa()),
            _ => return None,
        };
        // Rotated, an address that is not aligned counts as far away.
        let room = cfa.wrapping_sub(8).wrapping_sub(own.start);
        if cfa <= at.sp || room.rotate_right(3) >= own.end.wrapping_sub(own.start) / 8 {
            return None;
        }
        let saved = self.saved();
        if saved > room {
            return None;
        }
        // SAFETY: aligned words of the thread's own stack, which nobody unmaps while its frames are on
        // it. Volatile, as other frames may change them.
        let word = |address: usize| unsafe { (address as *const usize).read_volatile() };
        if saved != 0 {
            at.bp = word(cfa - saved);
        }
        (at.pc, at.sp) = (word(cfa - 8), cfa);
        Some(())
    }

    /// The caller of the frame `at`; `None` at the end of what can be known.
    #[inline(always)]
    pub fn step(self, at: &Registers, reader: &mut Reader) -> Option<Caller> {
        let cfa = match self.kind() {
            STACK => at.sp.wrapping_add(self.cfa()),
            FRAME => at.bp.wrapping_add(self.cfa()),
            _ => return self.step_oddly(at, reader),
        };
        if cfa <= at.sp {
            return None;
        }
        let (bp, bp_slot) = match self.saved() {
            0 => (at.bp, 0),
            saved => (reader.word(cfa.wrapping_sub(saved))?, cfa.wrapping_sub(saved)),
        };
        finish(cfa, bp, bp_slot, false, reader)
    }

    #[cold]
    fn step_oddly(self, at: &Registers, reader: &mut Reader) -> Option<Caller> {
        match self.kind() {
            GUESS if at.bp >= at.sp => {
                let cfa = at.bp.checked_add(16)?;
                finish(cfa, reader.word(at.bp)?, at.bp, false, reader)
            }
            REALIGNED => {
                let cfa = reader.word(at.bp.wrapping_sub(self.cfa()))?;
                if cfa <= at.sp {
                    return None;
                }
                finish(cfa, reader.word(at.bp)?, at.bp, true, reader)
            }
            SIGNAL => {
                // The handler returns with its stack pointer at the kernel's ucontext, in which
                // the general registers start at byte 40.
                const BP: usize = 40 + 8 * libc::REG_RBP as usize;
                const SP: usize = 40 + 8 * libc::REG_RSP as usize;
                const PC: usize = 40 + 8 * libc::REG_RIP as usize;
                let (bp, sp) = (reader.word(at.sp + BP)?, reader.word(at.sp + SP)?);
                let registers = Registers::interrupted(reader.word(at.sp + PC)?, sp, bp);
                let (slot, bp_slot) = (at.sp + PC, at.sp + BP);
                (registers.pc > 1).then_some(Caller { registers, slot, bp_slot, fragile: true })
            }
            _ => None,
        }
    }
}

#[inline(always)]
fn finish(
    cfa: usize,
    bp: usize,
    bp_slot: usize,
    fragile: bool,
    reader: &mut Reader,
) -> Option<Caller> {
    let slot = cfa.wrapping_sub(8);
    let pc = reader.word(slot)?;
    if pc == 0 {
        return None;
    }
    Some(Caller { registers: Registers { pc, sp: cfa, bp }, slot, bp_slot, fragile })
}
