//! The wire format of protocol buffers, as far as profile.proto needs it: a message is a row of
//! fields, a field is a key (number and wire type) and a varint or so many bytes. What is zero or
//! empty is left out: that is its default.

/// A message that is being written.
#[derive(Default)]
pub struct Message {
    bytes: Vec<u8>,
}

const VARINT: u64 = 0;
const LENGTH_DELIMITED: u64 = 2;

impl Message {
    /// A number.
    pub fn number(mut self, field: u64, value: u64) -> Message {
        if value != 0 {
            self.varint(field << 3 | VARINT);
            self.varint(value);
        }
        self
    }

    /// A truth.
    pub fn truth(self, field: u64, value: bool) -> Message {
        self.number(field, value.into())
    }

    /// A list of numbers, packed into one field.
    pub fn numbers(mut self, field: u64, values: &[u64]) -> Message {
        if !values.is_empty() {
            let mut packed = Message::default();
            values.iter().for_each(|value| packed.varint(*value));
            self.delimited(field, &packed.bytes);
        }
        self
    }

    /// Messages inside of this one, one field each; also empty ones, for their position counts.
    pub fn messages(mut self, field: u64, inner: impl IntoIterator<Item = Message>) -> Message {
        inner.into_iter().for_each(|message| self.delimited(field, &message.bytes));
        self
    }

    /// Strings, one field each; also empty ones.
    pub fn strings<'a>(mut self, field: u64, texts: impl IntoIterator<Item = &'a str>) -> Message {
        texts.into_iter().for_each(|text| self.delimited(field, text.as_bytes()));
        self
    }

    /// The message as bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn delimited(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | LENGTH_DELIMITED);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// Seven bits a byte, lowest first; the top bit says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification() {
        // https://protobuf.dev/programming-guides/encoding
        assert_eq!(Message::default().number(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        let text = Message::default().strings(2, ["testing"]).into_bytes();
        assert_eq!(text, *b"\x12\x07testing");
        let inner = Message::default().number(1, 150);
        assert_eq!(
            Message::default().messages(3, [inner]).into_bytes(),
            [0x1a, 0x03, 0x08, 0x96, 0x01]
        );
        let packed = Message::default().numbers(6, &[3, 270, 86942]).into_bytes();
        assert_eq!(packed, [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]);
        let largest = Message::default().number(1, u64::MAX).into_bytes();
        assert_eq!(largest.len(), 11);
        assert!(Message::default().number(1, 0).numbers(2, &[]).into_bytes().is_empty());
    }
}
