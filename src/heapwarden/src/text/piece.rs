//! A short text on the stack: one number, ready to be placed in a column.

/// No number this crate writes is longer: 2^64 has 20 digits, and 6 commas between them.
const LENGTH_MAX: usize = 31;

/// A text of at most 31 bytes; what does not fit is left out.
#[derive(Clone, Copy)]
pub struct Piece {
    text: [u8; LENGTH_MAX],
    length: u8,
}

impl Piece {
    /// The empty text.
    pub const fn new() -> Piece {
        Piece { text: [0; LENGTH_MAX], length: 0 }
    }

    /// Appends one byte.
    pub fn push(&mut self, byte: u8) {
        if let Some(cell) = self.text.get_mut(usize::from(self.length)) {
            *cell = byte;
            self.length += 1;
        }
    }

    /// Appends a text.
    pub fn append(&mut self, text: &[u8]) {
        text.iter().for_each(|byte| self.push(*byte));
    }

    /// Turns around what was pushed from `start` on: digits come out lowest first.
    pub(super) fn reverse_from(&mut self, start: usize) {
        if let Some(part) = self.text.get_mut(start..usize::from(self.length)) {
            part.reverse();
        }
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..usize::from(self.length)).unwrap_or(&[])
    }

    /// Its length in bytes.
    pub fn length(&self) -> usize {
        usize::from(self.length)
    }
}

impl Default for Piece {
    fn default() -> Piece {
        Piece::new()
    }
}
