//! Gathers a report in a buffer, so that it is one write and reports do not mix.

use crate::text::Sink;

/// A buffer in front of a destination; what does not fit goes ahead.
pub(super) struct Gathered<'a> {
    buffer: &'a mut [u8],
    filled: usize,
    destination: &'a mut dyn Sink,
}

impl<'a> Gathered<'a> {
    pub fn new(buffer: &'a mut [u8], destination: &'a mut dyn Sink) -> Gathered<'a> {
        Gathered { buffer, filled: 0, destination }
    }

    /// Hands over what was gathered.
    pub fn hand_over(&mut self) {
        self.destination.take(self.buffer.get(..self.filled).unwrap_or(&[]));
        self.filled = 0;
    }
}

impl Sink for Gathered<'_> {
    fn take(&mut self, mut text: &[u8]) {
        while !text.is_empty() {
            if self.filled == self.buffer.len() {
                self.hand_over();
            }
            let room = self.buffer.get_mut(self.filled..).unwrap_or(&mut []);
            let length = text.len().min(room.len());
            room.iter_mut().zip(text).for_each(|(cell, byte)| *cell = *byte);
            self.filled += length;
            text = text.get(length..).unwrap_or(&[]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_ahead_and_nothing_is_lost() {
        let (mut buffer, mut taken) = ([0; 8], Vec::new());
        let mut gathered = Gathered::new(&mut buffer, &mut taken);
        for text in ["", "a report ", "that is longer than its buffer"] {
            gathered.take(text.as_bytes());
        }
        gathered.hand_over();
        assert_eq!(taken, b"a report that is longer than its buffer");
    }
}
