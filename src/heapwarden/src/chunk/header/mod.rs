//! The header: one 64-bit word before each payload.
//!
//! | bits   | meaning                                                             |
//! |--------|---------------------------------------------------------------------|
//! | 0..32  | check: keyed over the address and the other bits                     |
//! | 32..52 | slack: bytes from the payload's end to the slot's                    |
//! | 52..56 | family                                                              |
//! | 56..58 | state                                                               |
//! | 58     | shifted: a slot's first word that leads to a payload further in; the |
//! |        | slack is then the distance from the slot to the payload              |
//! | 59     | inner: the header of such a payload                                  |
//! | 60     | changing: its thread is rewriting the chunk; not covered by the check,|
//! |        | of which eight bits are then turned over                             |
//!
//! The check is in the lowest bytes: a write one byte past the slot below hits it, not the size.
//! Cost of a check: a multiplication and a compare.

mod in_memory;

use super::Family;
use super::secret::{Secret, secret};
use heapwarden_core::layout::Fact;

/// Where a chunk is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum State {
    /// Carved and never handed out.
    Never = 0,
    /// The program has it.
    Live,
    /// Freed, and waiting.
    Quarantined,
    /// Freed, checked, and ready to be handed out.
    Free,
}

const STATES: [State; 4] = [State::Never, State::Live, State::Quarantined, State::Free];

const SLACK_BITS: u32 = 20;
const SLACK_SHIFT: u32 = 32;
const FAMILY_SHIFT: u32 = 52;
const STATE_SHIFT: u32 = 56;
const SHIFTED: u64 = 1 << 58;
const INNER: u64 = 1 << 59;
/// Bits at both ends of the word: no stray write that leaves a byte alone can set them all.
const CHANGING: u64 = 1 << 60 | 0xA5;

/// The largest slack a header can hold.
pub const SLACK_MAX: usize = (1 << SLACK_BITS) - 1;

/// A header's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header(pub u64);

impl Header {
    /// A header without its check. Slack beyond what fits (large blocks, whose size is kept in
    /// their record) reads as the most.
    #[inline(always)]
    pub fn new(state: State, family: Family, slack: usize) -> Self {
        let slack = slack.min(SLACK_MAX) as u64;
        Self(slack << SLACK_SHIFT | (family as u64) << FAMILY_SHIFT | (state as u64) << STATE_SHIFT)
    }

    /// The header of a live block, without its check; the slack fits.
    #[inline(always)]
    pub fn live(family: Family, slack: usize) -> Self {
        debug_assert!(slack <= SLACK_MAX);
        Self(
            (slack as u64) << SLACK_SHIFT
                | (family as u64) << FAMILY_SHIFT
                | (State::Live as u64) << STATE_SHIFT,
        )
    }

    /// The header of a slot that is ready to be handed out, without its check.
    pub const fn free() -> Self {
        Self((State::Free as u64) << STATE_SHIFT)
    }

    /// The first word of a slot whose payload lies `distance` further in.
    pub fn leading(distance: usize) -> Self {
        Self(Self::new(State::Live, Family::Memalign, distance).0 | SHIFTED)
    }

    /// The first word of a freed slot whose payload lay `distance` further in: a second free of it
    /// is told from a free in the middle of a block.
    pub fn led(distance: usize) -> Self {
        let freed = Self::new(State::Quarantined, Family::Memalign, distance);
        Self(freed.0 | SHIFTED)
    }

    /// The same header, for a payload that its slot's first word leads to.
    pub fn inner(self) -> Self {
        Self(self.0 | INNER)
    }

    /// With the check for `address` filled in.
    #[inline(always)]
    pub fn sealed(self, address: usize) -> Self {
        self.sealed_by(secret(), address)
    }

    /// [`sealed`](Self::sealed), by a secret that is at hand.
    #[inline(always)]
    pub fn sealed_by(self, secret: &Secret, address: usize) -> Self {
        let bits = self.0 >> 32;
        Self(bits << 32 | u64::from(secret.check(address, bits)))
    }

    /// This valid header of a live block as that of one that waits, sealed.
    #[inline(always)]
    pub fn quarantined_by(self, secret: &Secret, address: usize) -> Self {
        debug_assert!(self.state() == State::Live);
        let turn = (State::Live as u64 ^ State::Quarantined as u64) << (STATE_SHIFT - 32);
        let bits = self.0 >> 32 ^ turn;
        Self(bits << 32 | u64::from(secret.check(address, bits)))
    }

    /// Whether the check holds at `address`.
    #[inline(always)]
    pub fn is_valid(self, address: usize) -> bool {
        self.is_valid_by(secret(), address)
    }

    /// [`is_valid`](Self::is_valid), by a secret that is at hand.
    #[inline(always)]
    pub fn is_valid_by(self, secret: &Secret, address: usize) -> bool {
        secret.check(address, self.0 >> 32) == self.0 as u32
    }

    /// Whether it says, when valid: live, of `family`, and the only header of its block.
    #[inline(always)]
    pub fn is_plain(self, family: Family) -> bool {
        self.0 >> FAMILY_SHIFT == Self::new(State::Live, family, 0).0 >> FAMILY_SHIFT
    }

    /// Whether it says, when valid: freed, and waiting or ready.
    #[inline(always)]
    pub fn is_freed(self) -> bool {
        const { assert!(State::Quarantined as u64 & 2 != 0 && State::Free as u64 & 2 != 0) };
        self.0 & (2 << STATE_SHIFT) != 0
    }

    /// The state. Meaningful when valid.
    #[inline(always)]
    pub fn state(self) -> State {
        STATES[(self.0 >> STATE_SHIFT) as usize & 3]
    }

    /// The family. Meaningful when valid.
    #[inline(always)]
    pub fn family(self) -> Family {
        Family::from_index((self.0 >> FAMILY_SHIFT) as u8 & 15)
    }

    /// The slack. Meaningful when valid.
    #[inline(always)]
    pub fn slack(self) -> usize {
        (self.0 >> SLACK_SHIFT) as usize & SLACK_MAX
    }

    /// Whether it leads to a payload further in.
    #[inline(always)]
    pub fn is_leading(self) -> bool {
        self.0 & SHIFTED != 0
    }

    /// The same value, marked: whoever looks at the chunk from outside leaves it alone. It fails
    /// the check.
    #[inline(always)]
    pub fn changing(self) -> Self {
        Self(self.0 ^ CHANGING)
    }

    /// Whether the chunk's thread is rewriting it: the mark on a header that is valid without it, or
    /// on nothing. A stray write that sets the bit does not look like this.
    pub fn is_changing(self, address: usize) -> bool {
        self.0 == CHANGING || Self(self.0 ^ CHANGING).is_valid(address)
    }

    /// Whether a leading header stands at the slot's start.
    #[inline(always)]
    pub fn is_inner(self) -> bool {
        self.0 & INNER != 0
    }
}

/// For debuggers. How the check is made is in the script.
pub static FACTS: [Fact; 10] = [
    Fact::number("header.slack_shift", SLACK_SHIFT as usize),
    Fact::number("header.slack_max", SLACK_MAX),
    Fact::number("header.family_shift", FAMILY_SHIFT as usize),
    Fact::number("header.state_shift", STATE_SHIFT as usize),
    Fact::number("header.leading", SHIFTED as usize),
    Fact::number("header.changing", CHANGING as usize),
    Fact::number("state.never", State::Never as usize),
    Fact::number("state.live", State::Live as usize),
    Fact::number("state.quarantined", State::Quarantined as usize),
    Fact::number("state.free", State::Free as usize),
];

#[cfg(test)]
mod tests;
