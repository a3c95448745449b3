//! The tail canary: keyed bytes from the payload's end to the slot's end.
//!
//! The byte expected at an address depends on the address and the chunk, and is none of those that
//! writes past the end most often write: 0x00, ASCII, 0xFF, and what freed and fresh memory is
//! filled with. Any other byte goes unseen once in 64.
//! Cost: a multiplication, then eight bytes at a time; a tail of at most [`WINDOW`] bytes takes no
//! loop at all.

use super::secret::{Secret, secret};
use core::arch::x86_64::{
    __m128i, _mm_and_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi64x,
    _mm_setzero_si128, _mm_xor_si128,
};

/// The bytes of a tail that are verified at one look.
pub const WINDOW: usize = 16;

/// Sixteen bytes from place N on are a mask whose last N bytes are set.
static MASKS: [u8; 2 * WINDOW] = {
    let mut masks = [0; 2 * WINDOW];
    let mut index = WINDOW;
    while index < 2 * WINDOW {
        masks[index] = 0xFF;
        index += 1;
    }
    masks
};

/// What a canary stretch should hold.
#[derive(Clone, Copy)]
pub struct Pattern {
    word: u64,
}

impl Pattern {
    /// The pattern of the chunk whose payload starts at `payload`.
    #[inline(always)]
    pub fn of(payload: usize) -> Self {
        Self::by(secret(), payload)
    }

    /// [`of`](Self::of), by a secret that is at hand.
    #[inline(always)]
    pub fn by(secret: &Secret, payload: usize) -> Self {
        // In every byte 0x80 is set, which excludes zero and ASCII, and 0x10 is clear, which excludes
        // 0xFF and both fill bytes.
        Self { word: secret.tail(payload) & 0x6F6F_6F6F_6F6F_6F6F | 0x8080_8080_8080_8080 }
    }

    /// Lays a tail of `slack` bytes, at least one, that ends at `end`, a multiple of 8. The bytes of
    /// the payload in the tail's first word become zero: it has no contents yet.
    ///
    /// # Safety
    /// The range is the caller's chunk's, and so is the whole word that it starts in.
    #[inline(always)]
    pub unsafe fn lay(self, end: usize, slack: usize) {
        debug_assert!(end & 7 == 0 && slack > 0);
        let first = (end - slack) & !7;
        let payload_bits = 8 * (end.wrapping_sub(slack) & 7);
        // SAFETY: the caller's promise; the words are aligned, and each is written before the first,
        // which may be the same.
        unsafe {
            let mut address = end - 8;
            *(address as *mut u64) = self.word;
            if slack > WINDOW {
                while address > first {
                    address -= 8;
                    *(address as *mut u64) = self.word;
                }
            }
            *(first as *mut u64) = self.word >> payload_bits << payload_bits;
        }
    }

    /// Whether the first bytes, up to [`WINDOW`] of them, of a tail of `slack` bytes that ends at
    /// `end`, a multiple of 8, hold the pattern.
    ///
    /// # Safety
    /// From the tail's start, and from [`WINDOW`] bytes before its end on, it is readable.
    #[inline(always)]
    pub unsafe fn starts(self, end: usize, slack: usize) -> bool {
        debug_assert!(end & 7 == 0);
        // SAFETY: the caller's promise; SSE2 is part of x86-64, and a mask lies within the table. The
        // program may be writing here behind our back: then either answer is right.
        unsafe {
            let difference = if slack <= WINDOW {
                let mask = MASKS.as_ptr().add(slack).cast::<__m128i>();
                let found = _mm_loadu_si128((end - WINDOW) as *const __m128i);
                let expected = _mm_set1_epi64x(self.word as i64);
                _mm_and_si128(_mm_xor_si128(found, expected), _mm_loadu_si128(mask))
            } else {
                let tail = end - slack;
                let turned = self.word.rotate_right(8 * (tail & 7) as u32);
                let found = _mm_loadu_si128(tail as *const __m128i);
                _mm_xor_si128(found, _mm_set1_epi64x(turned as i64))
            };
            _mm_movemask_epi8(_mm_cmpeq_epi8(difference, _mm_setzero_si128())) == 0xFFFF
        }
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
    use crate::chunk::secret;

    #[test]
    fn a_tail_that_is_laid_starts_as_it_should_until_one_of_its_first_bytes_changes() {
        let secret = Secret::random();
        let mut memory = [0x11u64; 16];
        let base = memory.as_mut_ptr() as usize;
        let end = base + size_of_val(&memory);
        let pattern = Pattern::by(&secret, base);
        for slack in 1..=96 {
            let tail = end - slack;
            // SAFETY: the range lies in `memory`.
            unsafe {
                pattern.lay(end, slack);
                assert!(pattern.holds(tail, end) && pattern.starts(end, slack), "{slack}");
                for at in base..end {
                    let byte = at as *mut u8;
                    let expected = *byte;
                    *byte ^= 0x40;
                    let seen = (tail..tail + slack.min(WINDOW)).contains(&at);
                    assert_eq!(pattern.starts(end, slack), !seen, "{slack}, {}", end - at);
                    *byte = expected;
                }
            }
            let before = ((tail & !7) - base) / 8;
            assert!(memory[..before].iter().all(|&word| word == 0x11), "{slack}");
        }
    }

    #[test]
    fn every_changed_byte_of_every_stretch_is_seen() {
        secret::draw_for_tests();
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
            let secret = Secret::random();
            for payload in (0x7f00_0000..0x7f00_4000).step_by(16) {
                let pattern = Pattern::by(&secret, payload);
                for byte in (0..8).map(|address| pattern.byte_at(address)) {
                    assert!(!byte.is_ascii() && byte != 0xFF, "{byte:#x}");
                    assert!(byte != FREE_FILL && byte != NEW_FILL, "{byte:#x}");
                }
            }
        }
    }
}
