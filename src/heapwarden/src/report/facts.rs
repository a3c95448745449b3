//! What a report is made of: plain data, borrowed from whoever found the error.
//!
//! The same facts are rendered in a signal handler, in a test and in a fuzzer, so nothing here
//! points to state that must be locked, and nothing is read but what is in these structures.
//! Stacks are return addresses, innermost first.

use super::Kind;
use super::block::BlockFacts;
use crate::chunk::Family;

/// One error.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What kind of error it is.
    pub kind: Kind,
    /// The address it is about: the first bad byte, or the pointer that was freed.
    pub address: usize,
    /// The thread that made the bad call or access, or that found the damage.
    pub thread: ThreadFacts,
    /// What was done to memory, as far as it is known.
    pub access: Access,
    /// Where: the stack of the access, or of the call that found the damage.
    pub access_stack: &'a [usize],
    /// The call or check that found it: `free`, `realloc`, `memcpy`, `exit check`, ...
    pub access_what: &'static str,
    /// Known after a fault. The first address of `access_stack` is then `pc` itself and not a
    /// return address.
    pub registers: Option<Registers>,
    /// The block it happened to.
    pub block: Option<BlockFacts<'a>>,
    /// The bytes that were changed, when the damage was found and the access was not seen.
    pub damage: Option<Damage<'a>>,
    /// The block beside it, when that is the likely culprit.
    pub neighbour: Option<BlockFacts<'a>>,
    /// What a pointer points to that is not the start of a block.
    pub pointer: Option<Pointer>,
    /// What does not agree.
    pub mismatch: Option<Mismatch>,
    /// A sentence that helps: what it usually means, or the option that silences it.
    pub hint: Option<&'static str>,
    /// How many errors these facts stand for; at least 1.
    pub count: u64,
}

/// A thread, by our number (0 is the main thread), the kernel's, and its name.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadFacts {
    /// Our number: 0 is the main thread.
    pub number: u32,
    /// The kernel's number.
    pub tid: u32,
    /// Its name, ended by a NUL if shorter.
    pub name: [u8; 16],
}

/// An access to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Read or written.
    pub kind: AccessKind,
    /// How many bytes, if known.
    pub size: Option<usize>,
}

/// What an access did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKind {
    /// It read.
    Read,
    /// It wrote.
    Write,
    /// Nobody knows.
    Unknown,
}

/// The registers at a fault.
#[derive(Clone, Copy, Debug)]
pub struct Registers {
    /// The instruction.
    pub pc: usize,
    /// The frame pointer.
    pub bp: usize,
    /// The stack pointer.
    pub sp: usize,
}

/// Bytes that are not what we wrote there.
#[derive(Clone, Copy, Debug)]
pub struct Damage<'a> {
    /// Where `bytes` start, relative to the first byte of the block.
    pub offset: isize,
    /// What was found.
    pub bytes: &'a [u8],
    /// What should be there.
    pub expected: Expected<'a>,
    /// How many bytes differ, in and beyond `bytes`.
    pub changed: usize,
}

impl Damage<'_> {
    /// Whether byte `index` of `bytes` is not what it should be.
    pub fn is_changed(&self, index: usize) -> bool {
        let expected = match self.expected {
            Expected::Fill(fill) => Some(fill),
            Expected::Canary(canary) => canary.get(index).copied(),
        };
        expected.is_some() && expected != self.bytes.get(index).copied()
    }
}

/// What we wrote.
#[derive(Clone, Copy, Debug)]
pub enum Expected<'a> {
    /// The same byte everywhere.
    Fill(u8),
    /// These bytes, which are secret: a report never shows them.
    Canary(&'a [u8]),
}

/// What a pointer leads to that is not the start of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointer {
    /// The inside of a block.
    Interior,
    /// An address that no block can have.
    Misaligned,
    /// A stack.
    Stack,
    /// A global variable.
    Global,
    /// Program code.
    Code,
    /// Nothing is there.
    Wild,
    /// Memory that somebody else mapped or allocated.
    Foreign,
}

/// What does not agree between the two ends of a block's life.
#[derive(Clone, Copy, Debug)]
pub enum Mismatch {
    /// The functions.
    Families {
        /// Where the block came from.
        allocated: Family,
        /// Where it was brought to.
        released: Family,
    },
    /// The sizes and alignments.
    Layouts {
        /// As it was asked for.
        allocated: LayoutFacts,
        /// As it was given back.
        released: LayoutFacts,
    },
}

/// Size and alignment as one side states them.
#[derive(Clone, Copy, Debug)]
pub struct LayoutFacts {
    /// Bytes.
    pub size: usize,
    /// The alignment; 0 when it was not stated.
    pub alignment: usize,
}
