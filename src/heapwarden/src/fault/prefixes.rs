//! What precedes the opcode of an instruction: legacy prefixes, REX, VEX and EVEX, and the escapes to
//! the other opcode maps.

/// The bytes of an instruction that are not read yet.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    /// The next byte.
    pub fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number of so many bytes, with its sign.
    pub fn displacement(&mut self, count: usize) -> Option<usize> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        match *bytes {
            [] => Some(0),
            [byte] => Some(byte as i8 as usize),
            [a, b, c, d] => Some(i32::from_le_bytes([a, b, c, d]) as usize),
            _ => None,
        }
    }
}

/// What precedes the opcode.
#[derive(Default)]
pub struct Prefixes {
    /// 0xF2 or 0xF3, or what stands for them; 0 for none.
    pub repeat: u8,
    /// Operands of 16 bits.
    pub narrow: bool,
    /// Relative to a segment.
    pub segment: bool,
    /// As in REX: 8 for wide operands, then the top bits of reg, index and base.
    pub rex: u8,
    /// Bytes of a vector operand.
    pub vector: usize,
    /// The opcode map: 0 for one byte, 1 after 0x0F, 2 and 3 after another escape.
    pub map: u8,
}

/// Reads up to the last byte of the opcode.
pub fn prefixes(bytes: &mut Bytes<'_>) -> Option<(Prefixes, u8)> {
    let mut found = Prefixes { vector: 16, ..Prefixes::default() };
    let opcode = loop {
        match bytes.next()? {
            repeat @ (0xF2 | 0xF3) => found.repeat = repeat,
            0x66 => found.narrow = true,
            0x64 | 0x65 => found.segment = true,
            0x67 | 0xF0 | 0x2E | 0x36 | 0x3E | 0x26 => {}
            byte => break byte,
        }
    };
    match opcode {
        rex @ 0x40..=0x4F => {
            found.rex = rex & 15;
            let byte = bytes.next()?;
            escaped(found, bytes, byte)
        }
        0xC5 => {
            let byte = bytes.next()?;
            vex(&mut found, byte);
            found.map = 1;
            Some((found, bytes.next()?))
        }
        0xC4 | 0x62 => {
            let (first, second) = (bytes.next()?, bytes.next()?);
            // The register bits are stored inverted.
            found.rex = (!first >> 5 & 7) | (second >> 7) << 3;
            found.map = first & 3;
            if opcode == 0xC4 {
                vex(&mut found, second);
            } else {
                found.vector = 16 << (bytes.next()? >> 5 & 3);
                found.repeat = [0, 0, 0xF3, 0xF2][usize::from(second & 3)];
            }
            let byte = bytes.next()?;
            // Gathers have a vector of addresses.
            let is_gather = found.map == 2 && matches!(byte, 0x90..=0x93);
            (!is_gather).then_some((found, byte))
        }
        byte => escaped(found, bytes, byte),
    }
}

fn vex(found: &mut Prefixes, byte: u8) {
    found.vector = if byte & 4 != 0 { 32 } else { 16 };
    found.repeat = [0, 0, 0xF3, 0xF2][usize::from(byte & 3)];
}

fn escaped(mut found: Prefixes, bytes: &mut Bytes<'_>, byte: u8) -> Option<(Prefixes, u8)> {
    if byte != 0x0F {
        return Some((found, byte));
    }
    let second = bytes.next()?;
    found.map = match second {
        0x38 => 2,
        0x3A => 3,
        _ => 1,
    };
    let last = if found.map == 1 { second } else { bytes.next()? };
    Some((found, last))
}
