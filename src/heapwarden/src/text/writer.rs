//! Gathers pieces into lines and hands them to a sink in few, large portions.
//!
//! A line that fits the buffer reaches the sink in one portion, so that lines of several threads
//! or processes do not mix. Nothing is lost: a full buffer is handed over and reused.

use super::{Piece, Sink};

const BUFFER_BYTES: usize = 1024;

/// The width of a table's column: `1,234,567` and `1023.9 MiB` fit.
const CELL_BYTES: usize = 11;

/// A line buffer in front of a sink; what is left in it is handed over on drop.
pub struct Writer<'a> {
    sink: &'a mut dyn Sink,
    buffer: [u8; BUFFER_BYTES],
    filled: usize,
    /// Bytes since the last line end: the column the next byte goes to.
    column: usize,
}

impl<'a> Writer<'a> {
    /// An empty buffer in front of `sink`.
    pub fn new(sink: &'a mut dyn Sink) -> Writer<'a> {
        Writer { sink, buffer: [0; BUFFER_BYTES], filled: 0, column: 0 }
    }

    /// Appends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            if self.filled == BUFFER_BYTES {
                self.flush();
            }
            if let Some(cell) = self.buffer.get_mut(self.filled) {
                *cell = *byte;
                self.filled += 1;
            }
        }
        self.column += bytes.len();
        self
    }

    /// Appends a text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.raw(text.as_bytes())
    }

    /// Appends a number.
    pub fn put(&mut self, piece: Piece) -> &mut Self {
        self.raw(piece.as_bytes())
    }

    /// Appends a text, then blanks until the line is `column` bytes long.
    pub fn left(&mut self, text: &str, column: usize) -> &mut Self {
        self.text(text);
        self.pad(column.saturating_sub(self.column))
    }

    /// Appends a text as the next cell of a table, at its right edge.
    pub fn cell(&mut self, text: &[u8]) -> &mut Self {
        self.pad(CELL_BYTES.saturating_sub(text.len()).max(1));
        self.raw(text)
    }

    /// Ends the line.
    pub fn end_line(&mut self) {
        self.raw(b"\n");
        self.column = 0;
        // The next line shall not be torn: hand over what would not leave room for a usual one.
        if self.filled > BUFFER_BYTES / 2 {
            self.flush();
        }
    }

    /// Hands over what was gathered.
    pub fn flush(&mut self) {
        if let Some(gathered) = self.buffer.get(..self.filled)
            && !gathered.is_empty()
        {
            self.sink.take(gathered);
        }
        self.filled = 0;
    }

    fn pad(&mut self, blanks: usize) -> &mut Self {
        for _ in 0..blanks {
            self.raw(b" ");
        }
        self
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::decimal;

    #[test]
    fn columns_line_up() {
        let mut taken = Vec::new();
        let mut writer = Writer::new(&mut taken);
        writer.left("a", 4).text("b").cell(decimal(1234).as_bytes()).end_line();
        writer.left("too long", 4).cell(b"a very long cell").end_line();
        drop(writer);
        let text = String::from_utf8(taken).unwrap();
        assert_eq!(text, "a   b      1,234\ntoo long a very long cell\n");
    }

    #[test]
    fn what_exceeds_the_buffer_arrives_whole() {
        let mut taken = Vec::new();
        let long = vec![b'x'; 3 * BUFFER_BYTES + 17];
        let mut writer = Writer::new(&mut taken);
        writer.raw(&long);
        drop(writer);
        assert_eq!(taken, long);
    }
}
