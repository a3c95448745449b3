//! What the instruction at a fault accesses: addresses, direction, sizes.

use crate::report::AccessKind;

/// An access to memory, or a jump to where a register points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand {
    /// The address that comes out.
    pub address: usize,
    /// The registers' values that it was made from.
    pub parts: [Option<usize>; 2],
    /// Read or written; a change in place is a write.
    pub kind: AccessKind,
    /// Bytes; `None` when it is not worth knowing.
    pub size: Option<usize>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What an operand is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Data.
    Data,
    /// The program wants to go on there.
    Jump,
    /// There lies the address that the program wants to go on at.
    JumpTarget,
}

/// What an opcode does to its operand in memory.
#[derive(Clone, Copy)]
pub struct Opcode {
    /// 0: one byte; 1: 0F; 2: 0F 38; 3: 0F 3A.
    pub map: u8,
    /// The last byte.
    pub byte: u8,
    /// The middle field of the ModRM byte, which extends some opcodes.
    pub extension: u8,
    /// F2 or F3, or 0.
    pub repeat: u8,
    /// Bytes of an integer operand: 2, 4 or 8.
    pub integer: usize,
    /// Bytes of a vector: 16, 32 or 64.
    pub vector: usize,
}

use AccessKind::{Read, Unknown, Write};

impl Opcode {
    /// Whether a ModRM byte follows.
    pub fn has_modrm(map: u8, byte: u8) -> bool {
        match (map, byte) {
            (0, 0x00..=0x3F) => byte & 7 < 4,
            (0, 0x63 | 0x69 | 0x6B | 0x80..=0x8F | 0xC0 | 0xC1 | 0xC6 | 0xC7) => true,
            (0, 0xD0..=0xD3 | 0xD8..=0xDF | 0xF6 | 0xF7 | 0xFE | 0xFF) => true,
            (0, _) => false,
            (1, 0x05..=0x0B | 0x0E | 0x30..=0x37 | 0x77 | 0x80..=0x8F) => false,
            (1, 0xA0..=0xA2 | 0xA8..=0xAA | 0xC8..=0xCF) => false,
            _ => true,
        }
    }

    /// Direction and size.
    pub fn access(&self) -> (AccessKind, Option<usize>) {
        match self.map {
            0 => self.plain(),
            1 => self.extended(),
            _ if self.map == 2 && matches!(self.byte, 0x2E | 0x2F | 0x8E | 0xF1) => (Write, None),
            _ if self.map == 3 && matches!(self.byte, 0x14..=0x17 | 0x19 | 0x39) => (Write, None),
            _ => (Read, None),
        }
    }

    fn plain(&self) -> (AccessKind, Option<usize>) {
        let size = Some(if self.byte & 1 == 0 { 1 } else { self.integer });
        let extension = self.extension;
        match self.byte {
            0x38 | 0x39 => (Read, size),
            0x00..=0x3F if self.byte & 2 == 0 => (Write, size),
            0x63 => (Read, Some(4)),
            0x69 | 0x6B => (Read, Some(self.integer)),
            0x80..=0x83 if extension != 7 => (Write, size),
            0x86..=0x89 | 0xC0 | 0xC1 | 0xC6 | 0xC7 | 0xD0..=0xD3 => (Write, size),
            0x8C => (Write, Some(2)),
            0x8E => (Read, Some(2)),
            0x8F => (Write, Some(8)),
            0xD8..=0xDF => (Unknown, None),
            0xF6 | 0xF7 if matches!(extension, 2 | 3) => (Write, size),
            0xFE | 0xFF if extension < 2 => (Write, size),
            0xFF => (Read, Some(8)),
            _ => (Read, size),
        }
    }

    fn extended(&self) -> (AccessKind, Option<usize>) {
        let vector = Some(self.vector);
        let by_prefix = match self.repeat {
            0xF3 => Some(4),
            0xF2 => Some(8),
            _ => vector,
        };
        match self.byte {
            0x10 | 0x51..=0x5F => (Read, by_prefix),
            0x11 => (Write, by_prefix),
            0x12 | 0x16 => (Read, Some(8)),
            0x13 | 0x17 | 0xD6 => (Write, Some(8)),
            0x28 | 0x6F => (Read, vector),
            0x29 | 0x2B | 0x7F | 0xE7 => (Write, vector),
            0x6E | 0x40..=0x4F | 0xAF => (Read, Some(self.integer)),
            0x7E if self.repeat == 0xF3 => (Read, Some(8)),
            0x7E | 0xB1 | 0xC1 | 0xC3 => (Write, Some(self.integer)),
            0x90..=0x9F | 0xB0 | 0xC0 => (Write, Some(1)),
            0xAB | 0xB3 | 0xBB | 0xC7 => (Write, None),
            0xB6 | 0xBE => (Read, Some(1)),
            0xB7 | 0xBF => (Read, Some(2)),
            // Comparisons and arithmetic of vectors.
            0x60..=0x6D | 0x74..=0x76 | 0xD0..=0xFE => (Read, vector),
            _ => (Read, None),
        }
    }
}
