//! The tail canary: keyed bytes from the payload's end to the slot's end.
//!
//! The byte expected at an address depends on the address and the chunk, and is none of those that
//! writes past the end most often write: 0x00, ASCII, 0xFF, and what freed and fresh memory is
//! filled with. Any other byte goes unseen once in 64.
//! Cost: a multiplication, then eight bytes at a time.

use super::secret;

/// What a canary stretch should hold.
#[derive(Clone, Copy)]
pub struct Pattern {
    word: u64,
}

impl Pattern {
    /// The pattern of the chunk whose payload starts at `payload`.
    #[inline(always)]
    pub fn of(payload: usize) -> Self {
        // In every byte 0x80 is set, which excludes zero and ASCII, and 0x10 is clear, which excludes
        // 0xFF and both fill bytes.
        let mixed = secret::mix(payload, 0x7A11);
        Self { word: mixed & 0x6F6F_6F6F_6F6F_6F6F | 0x8080_8080_8080_8080 }
    }

    /// The byte expected at `address`.
    #[inline(always)]
    pub fn byte_at(self, address: usize) -> u8 {
        (self.word >> (8 * (address & 7))) as u8
    }

    /// Writes the pattern over `[from, to)`; `to` is a multiple of 8.
    ///
    /// # Safety
    /// The range is the caller's chunk's, and so is the whole word that `from` lies in.
    #[inline(always)]
    pub unsafe fn write(self, from: usize, to: usize) {
        debug_assert!(to & 7 == 0);
        if from >= to {
            return;
        }
        let start = from & !7;
        let payload_bits = (1u64 << (8 * (from & 7))) - 1;
        // SAFETY: the caller's promise; the words are aligned. The payload's bytes in the first
        // word are written back as they were.
        unsafe {
            let first = start as *mut u64;
            *first = *first & payload_bits | self.word & !payload_bits;
            let mut address = start + 8;
            while address < to {
                *(address as *mut u64) = self.word;
                address += 8;
            }
        }
    }

    /// Whether `[from, to)` holds the pattern.
    ///
    /// # Safety
    /// The words that the range touches are readable.
    #[inline(always)]
    pub unsafe fn holds(self, from: usize, to: usize) -> bool {
        if from >= to {
            return true;
        }
        let start = from & !7;
        // SAFETY: the caller's promise; the words are aligned. The program may be writing here
        // behind our back: then either answer is right.
        unsafe {
            let mut difference =
                ((start as *const u64).read() ^ self.word) >> (8 * (from & 7)) << (8 * (from & 7));
            let mut address = start + 8;
            let last = if to & 7 == 0 { to } else { to & !7 };
            if to < address {
                // All in one word, which the range does not fill.
                return difference << (8 * (address - to)) == 0;
            }
            while address < last {
                difference |= (address as *const u64).read() ^ self.word;
                address += 8;
            }
            if to & 7 != 0 {
                let partial = (last as *const u64).read() ^ self.word;
                difference |= partial << (64 - 8 * (to & 7));
            }
            difference == 0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_byte_of_every_stretch_is_seen() {
        secret::draw();
        let mut memory = [0u64; 16];
        let base = memory.as_mut_ptr() as usize;
        let pattern = Pattern::of(base);
        for from in 0..24 {
            for to in from + 1..64 {
                // SAFETY: the range lies in `memory`.
                unsafe {
                    pattern.write(base + from, base + to.next_multiple_of(8));
                    assert!(pattern.holds(base + from, base + to));
                    for at in from..to {
                        let byte = (base + at) as *mut u8;
                        let expected = *byte;
                        *byte = 0;
                        assert!(!pattern.holds(base + from, base + to));
                        *byte = expected;
                    }
                }
            }
        }
    }

    #[test]
    fn the_usual_bytes_are_never_expected() {
        use crate::checked::{FREE_FILL, NEW_FILL};
        for _ in 0..64 {
            secret::draw();
            for payload in (0x7f00_0000..0x7f00_4000).step_by(16) {
                let pattern = Pattern::of(payload);
                for byte in (0..8).map(|address| pattern.byte_at(address)) {
                    assert!(!byte.is_ascii() && byte != 0xFF, "{byte:#x}");
                    assert!(byte != FREE_FILL && byte != NEW_FILL, "{byte:#x}");
                }
            }
        }
    }
}
