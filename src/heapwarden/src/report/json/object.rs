//! Objects, lists and strings of JSON, written piece by piece.

use crate::text::{Writer, hexadecimal, number};

/// An object or a list that is being written; it has to be ended.
pub(super) struct Open {
    empty: bool,
    closes: &'static str,
}

impl Open {
    pub fn object(writer: &mut Writer<'_>) -> Open {
        writer.text("{");
        Open { empty: true, closes: "}" }
    }

    pub fn list(writer: &mut Writer<'_>) -> Open {
        writer.text("[");
        Open { empty: true, closes: "]" }
    }

    /// To be called before each value of a list.
    pub fn next(&mut self, writer: &mut Writer<'_>) {
        if !core::mem::replace(&mut self.empty, false) {
            writer.text(", ");
        }
    }

    /// Starts a field; its value has to follow.
    pub fn field(&mut self, writer: &mut Writer<'_>, name: &str) {
        self.next(writer);
        writer.text("\"").text(name).text("\": ");
    }

    pub fn text(&mut self, writer: &mut Writer<'_>, name: &str, value: &[u8]) {
        self.field(writer, name);
        string(writer, value);
    }

    pub fn number(&mut self, writer: &mut Writer<'_>, name: &str, value: u64) {
        self.field(writer, name);
        writer.put(number(value));
    }

    pub fn signed(&mut self, writer: &mut Writer<'_>, name: &str, value: isize) {
        self.field(writer, name);
        writer.text(if value < 0 { "-" } else { "" }).put(number(value.unsigned_abs() as u64));
    }

    /// Addresses are strings: a JSON number is exact only to 2^53.
    pub fn address(&mut self, writer: &mut Writer<'_>, name: &str, value: usize) {
        self.field(writer, name);
        writer.text("\"").put(hexadecimal(value as u64)).text("\"");
    }

    /// Bytes as digits.
    pub fn hex(&mut self, writer: &mut Writer<'_>, name: &str, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.field(writer, name);
        writer.text("\"");
        for byte in bytes {
            writer.raw(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        writer.text("\"");
    }

    pub fn end(self, writer: &mut Writer<'_>) {
        writer.text(self.closes);
    }
}

/// A string. What is not UTF-8 becomes the replacement character.
pub(super) fn string(writer: &mut Writer<'_>, bytes: &[u8]) {
    writer.text("\"");
    inside_string(writer, bytes);
    writer.text("\"");
}

/// A part of a string, between its quotes.
pub(super) fn inside_string(writer: &mut Writer<'_>, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        chunk.valid().bytes().for_each(|byte| escaped(writer, byte));
        if !chunk.invalid().is_empty() {
            writer.text("\u{fffd}");
        }
    }
}

fn escaped(writer: &mut Writer<'_>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' => writer.text("\\\""),
        b'\\' => writer.text("\\\\"),
        b'\n' => writer.text("\\n"),
        b'\t' => writer.text("\\t"),
        0..=31 | 127 => writer
            .text("\\u00")
            .raw(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
        _ => writer.raw(&[byte]),
    };
}
