//! The tail canary: keyed bytes from the payload's end to the slot's end.
//!
//! The byte expected at an address depends on the address and the chunk, and is never 0x00 or
//! 0xFF, the bytes that off-by-one writes most often write.
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
        // 0x80 clear and 0x01 or 0x40 set in every byte: neither 0x00 nor 0xFF, and not ASCII
        // control bytes only.
        let mixed = secret::mix(payload, 0x7A11);
        Self { word: mixed & 0x3F3F_3F3F_3F3F_3F3F | 0x4040_4040_4040_4040 }
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
                        assert_ne!(expected, 0);
                        assert_ne!(expected, 0xFF);
                        *byte = 0;
                        assert!(!pattern.holds(base + from, base + to));
                        *byte = expected;
                    }
                }
            }
        }
    }
}
