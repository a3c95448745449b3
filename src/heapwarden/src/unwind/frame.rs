//! A remembered frame: its registers, and where they were read.
//!
//! Two captures agree on a frame if its registers are the same; they agree on the frames around it
//! if in addition every slot that led outwards still holds the same value, for unwinding is a
//! function of registers, slots and the rules of the code addresses.
//!
//! The frame pointer is part of that only where a frame further out finds its caller by it
//! (`needs_bp`); elsewhere it may differ, being just some variable of the program.
//! Cost: 64 bytes, a cache line; the verification reads one or two words.

use super::reader::Reader;
use super::registers::Registers;
use super::rule::{Caller, Rule};
use super::usual::Left;

/// More is never asked for: see [`hash`](super::hash).
const REACH_MAX: usize = super::DEPTH_MAX;

/// A word that is no return address, for slots that [`Frame::holds`] must not read.
static NOWHERE: usize = 0;

fn nowhere() -> usize {
    &raw const NOWHERE as usize
}

/// A word of the thread's own stack, and what it held.
#[derive(Clone, Copy)]
pub struct Word {
    address: usize,
    value: usize,
}

impl Word {
    /// A word that always holds what it held.
    pub fn constant() -> Word {
        Word { address: nowhere(), value: NOWHERE }
    }

    /// Whether it still does.
    #[inline(always)]
    pub fn holds(&self) -> bool {
        self.change() == 0
    }

    /// The bits that changed.
    #[inline(always)]
    pub fn change(&self) -> usize {
        // SAFETY: on the thread's own stack, as far as that has been used, which stays mapped; or the
        // word that is nowhere.
        unsafe { (self.address as *const usize).read_volatile() ^ self.value }
    }
}

/// A remembered frame. All zero is valid, but must not be verified.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Frame {
    /// The registers.
    pub registers: Registers,
    /// Where `pc` was read, if that can be read without asking; [`nowhere`] otherwise.
    slot: usize,
    /// The same, if that it still holds `pc` is all that has to be verified; [`nowhere`] otherwise.
    alone: usize,
    /// Where `bp` was read; 0 if the callee left it alone.
    pub bp_slot: usize,
    /// How to get to the caller; zero while nobody has asked.
    pub rule: u32,
    /// What the layer above knows this frame and its callers by; 0 if it has not been asked for.
    pub node: u32,
    /// For how many frames, from this one outwards, `node` says what is remembered here.
    reach: u16,
    /// The frame pointer matters, here or further out.
    pub needs_bp: bool,
    /// The frame pointer is needed and was read from `bp_slot`.
    checks_bp: bool,
    /// Something else was read than the word below the stack pointer and perhaps `bp_slot`: this
    /// frame cannot be verified, only reached again.
    fragile: bool,
}

impl Frame {
    /// The frame a capture starts from.
    pub fn start(registers: Registers) -> Frame {
        Frame {
            registers,
            slot: nowhere(),
            alone: nowhere(),
            bp_slot: 0,
            rule: 0,
            node: 0,
            reach: 0,
            needs_bp: true,
            checks_bp: false,
            fragile: true,
        }
    }

    /// The frame that a step led to.
    #[inline(always)]
    pub fn called_from(caller: Caller, reader: &Reader) -> Frame {
        let Caller { registers, slot, bp_slot, fragile } = caller;
        let on_own_stack = reader.is_own(slot) && (bp_slot == 0 || reader.is_own(bp_slot));
        let slot = if on_own_stack && !fragile { slot } else { nowhere() };
        Frame { slot, alone: slot, bp_slot, fragile, ..Frame::start(registers) }
    }

    /// The frame that a plain step on the thread's own stack led out of. `node` is right for `reach` frames.
    #[inline(always)]
    pub fn left(found: &Left, needs_bp: bool, node: u32, reach: usize) -> Frame {
        let Left { registers, rule, callee } = *found;
        let (slot, bp_slot) = match callee {
            Some(callee) => (registers.sp.wrapping_sub(8), callee.saved_below(registers.sp)),
            None => (nowhere(), 0),
        };
        let checks_bp = needs_bp && bp_slot != 0;
        Frame {
            registers,
            slot,
            alone: if checks_bp { nowhere() } else { slot },
            bp_slot,
            rule: rule.to_bits(),
            node,
            reach: reach.min(REACH_MAX) as u16,
            needs_bp,
            checks_bp,
            fragile: callee.is_none(),
        }
    }

    /// Whether `node` says what is remembered of `count` frames, from this one outwards.
    #[inline(always)]
    pub fn reaches(&self, count: usize) -> bool {
        usize::from(self.reach) >= count
    }

    /// For how many frames it does.
    #[inline(always)]
    pub fn reach(&self) -> usize {
        self.reach.into()
    }

    /// Notes a node, and for how many frames it is right.
    #[inline(always)]
    pub fn attach(&mut self, node: u32, reach: usize) {
        (self.node, self.reach) = (node, reach.min(REACH_MAX) as u16);
    }

    /// Whether this remembered frame is the same as one that was just found.
    #[inline(always)]
    pub fn is(&self, found: &Registers) -> bool {
        self.registers.sp == found.sp
            && self.registers.pc == found.pc
            && (!self.needs_bp || self.registers.bp == found.bp)
    }

    /// Notes that another callee leads here now: what it saved lies elsewhere.
    #[inline(always)]
    pub fn reached_as(&mut self, found: &Frame) {
        (self.slot, self.bp_slot, self.fragile) = (found.slot, found.bp_slot, found.fragile);
        self.choose_checks();
    }

    /// The same, by a plain step on the thread's own stack.
    #[inline(always)]
    pub fn reached_by(&mut self, rule: Rule) {
        self.slot = self.registers.sp.wrapping_sub(8);
        self.bp_slot = rule.saved_below(self.registers.sp);
        self.fragile = false;
        self.choose_checks();
    }

    #[inline(always)]
    fn choose_checks(&mut self) {
        self.checks_bp = self.needs_bp && self.bp_slot != 0;
        self.alone = if self.checks_bp { nowhere() } else { self.slot };
    }

    /// Whether the slots that led here still hold what they held. The word that is nowhere never does.
    #[inline(always)]
    pub fn holds(&self) -> bool {
        let alone = Word { address: self.alone, value: self.registers.pc };
        alone.holds() || self.holds_with_bp()
    }

    #[inline(always)]
    fn holds_with_bp(&self) -> bool {
        self.checks_bp && self.return_word().holds() && self.frame_pointer_word().holds()
    }

    #[inline(always)]
    fn return_word(&self) -> Word {
        Word { address: self.slot, value: self.registers.pc }
    }

    #[inline(always)]
    fn frame_pointer_word(&self) -> Word {
        Word { address: self.bp_slot, value: self.registers.bp }
    }

    /// The words that led here, if they are all it takes to know that they still do.
    pub fn words(&self) -> Option<[Option<Word>; 2]> {
        let can_be_verified = !self.fragile && self.slot != nowhere();
        let frame_pointer = self.checks_bp.then(|| self.frame_pointer_word());
        can_be_verified.then(|| [Some(self.return_word()), frame_pointer])
    }

    /// The same for a frame on another stack.
    #[cold]
    pub fn holds_elsewhere(&self, reader: &mut Reader) -> bool {
        self.slot == nowhere()
            && !self.fragile
            && reader.word(self.registers.sp.wrapping_sub(8)) == Some(self.registers.pc)
            && (!self.checks_bp || reader.word(self.bp_slot) == Some(self.registers.bp))
    }

    /// Notes whether the frame pointer matters here, given whether it does in the caller.
    #[inline(always)]
    pub fn settle(&mut self, caller_needs_bp: bool) -> bool {
        self.needs_bp = match Rule::from_bits(self.rule) {
            Some(rule) => rule.passes_need_of_bp(caller_needs_bp),
            None => true,
        };
        self.choose_checks();
        self.needs_bp
    }
}
