//! The tail canary: keyed bytes from the payload's end to the slot's end.
//!
//! The byte expected at an address depends on the address and the chunk, and is none of those that
//! writes past the end most often write: 0x00, ASCII, 0xFF, and what freed and fresh memory is
//! filled with. Any other byte goes unseen once in 64.
//! Cost: a multiplication, then sixteen bytes at a time; a tail of at most [`WINDOW`] bytes takes no
//! loop at all.

use super::fill::Fill;
use super::secret::{Secret, secret};
use core::arch::x86_64::{
    __m128i, _mm_and_si128, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8,
    _mm_or_si128, _mm_set1_epi64x, _mm_setzero_si128, _mm_storeu_si128, _mm_xor_si128,
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
    mixed: u64,
}

/// In every byte of a canary [`SET`] is set, which excludes zero and ASCII, and what is not in [`KEPT`]
/// is clear, which excludes 0xFF and both fill bytes.
const SET: u64 = 0x8080_8080_8080_8080;
const KEPT: u64 = 0x6F6F_6F6F_6F6F_6F6F;

impl Pattern {
    /// The pattern of the chunk whose payload starts at `payload`.
    #[inline(always)]
    pub fn of(payload: usize) -> Self {
        Self::by(secret(), payload)
    }

    /// [`of`](Self::of), by a secret that is at hand.
    #[inline(always)]
    pub fn by(secret: &Secret, payload: usize) -> Self {
        Self { mixed: secret.tail(payload) }
    }

    /// Eight bytes from a multiple of 8 on.
    #[inline(always)]
    fn word(self) -> u64 {
        self.mixed & KEPT | SET
    }

    /// Eight bytes from any address on.
    #[inline(always)]
    fn turned(self, from: usize) -> u64 {
        self.word().rotate_right(8 * (from & 7) as u32)
    }

    /// A window from a multiple of 8 on.
    #[inline(always)]
    fn window(self) -> __m128i {
        // SAFETY: SSE2 is part of x86-64.
        unsafe {
            let mixed = _mm_set1_epi64x(self.mixed as i64);
            let kept = _mm_and_si128(mixed, _mm_set1_epi64x(KEPT as i64));
            _mm_or_si128(kept, _mm_set1_epi64x(SET as i64))
        }
    }

    /// Lays a tail of `slack` bytes, 1 to [`WINDOW`], that ends at `end`, a multiple of 8. The other
    /// bytes of the window become zero: the payload has no contents yet.
    ///
    /// # Safety
    /// [`WINDOW`] bytes before `end` are the caller's payload and tail.
    #[inline(always)]
    pub unsafe fn lay_short(self, end: usize, slack: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.lay_short_over(end, slack, Fill::ZERO) }
    }

    /// [`lay_short`](Self::lay_short), over a payload that holds nothing but that fill.
    ///
    /// # Safety
    /// As for [`lay_short`](Self::lay_short).
    #[inline(always)]
    unsafe fn lay_short_over(self, end: usize, slack: usize, fill: Fill) {
        debug_assert!(end & 7 == 0 && slack > 0 && slack <= WINDOW);
        // SAFETY: the caller's promise; SSE2 is part of x86-64, and a mask lies within the table.
        unsafe {
            let mask = _mm_loadu_si128(MASKS.as_ptr().add(slack).cast());
            let payload = _mm_andnot_si128(mask, fill.bytes());
            let bytes = _mm_or_si128(payload, _mm_and_si128(self.window(), mask));
            _mm_storeu_si128((end - WINDOW) as *mut __m128i, bytes);
        }
    }

    /// Lays a tail of `slack` bytes, at least 1, that ends at `end`, a multiple of 8, over a payload that holds
    /// nothing but that fill.
    ///
    /// # Safety
    /// The tail, and [`WINDOW`] bytes before `end`, are the caller's payload and tail.
    #[inline(always)]
    pub unsafe fn lay_over(self, end: usize, slack: usize, fill: Fill) {
        // SAFETY: the caller's promise; SSE2 is part of x86-64.
        unsafe {
            if slack <= WINDOW {
                self.lay_short_over(end, slack, fill);
            } else if slack <= 2 * WINDOW {
                let first = _mm_set1_epi64x(self.turned(end - slack) as i64);
                _mm_storeu_si128((end - slack) as *mut __m128i, first);
                _mm_storeu_si128((end - WINDOW) as *mut __m128i, self.window());
            } else {
                self.write(end - slack, end);
            }
        }
    }

    /// Whether a tail of `slack` bytes (at least 1) that ends at `end`, a multiple of 8, and whose first bytes
    /// [hold](Self::starts) the pattern, holds it to its end.
    ///
    /// # Safety
    /// As for [`starts`](Self::starts).
    #[inline(always)]
    pub unsafe fn goes_on(self, end: usize, slack: usize) -> bool {
        // SAFETY: the caller's promise; SSE2 is part of x86-64. The program may be writing here behind our
        // back: then either answer is right.
        unsafe {
            if slack <= WINDOW {
                true
            } else if slack <= 2 * WINDOW {
                let last = _mm_loadu_si128((end - WINDOW) as *const __m128i);
                is_zero(_mm_xor_si128(last, self.window()))
            } else {
                self.holds(end - slack, end)
            }
        }
    }

    /// [`lay_short`](Self::lay_short), with the payload's bytes left as they are.
    ///
    /// # Safety
    /// As for [`lay_short`](Self::lay_short).
    #[inline(always)]
    pub unsafe fn lay_behind(self, end: usize, slack: usize) {
        debug_assert!(end & 7 == 0 && slack > 0 && slack <= WINDOW);
        let place = (end - WINDOW) as *mut __m128i;
        // SAFETY: as for `lay_short`.
        unsafe {
            let mask = _mm_loadu_si128(MASKS.as_ptr().add(slack).cast());
            let payload = _mm_andnot_si128(mask, _mm_loadu_si128(place));
            _mm_storeu_si128(place, _mm_or_si128(payload, _mm_and_si128(self.window(), mask)));
        }
    }

    /// Whether the first bytes, up to [`WINDOW`], of a tail of `slack` bytes (at least 1) that ends at
    /// `end`, a multiple of 8, hold the pattern. No branch depends on the slack, which is read from a
    /// header that may not be in the cache yet: a wrong guess would wait for it.
    ///
    /// # Safety
    /// The tail, and [`WINDOW`] bytes before `end`, are readable.
    #[inline(always)]
    pub unsafe fn starts(self, end: usize, slack: usize) -> bool {
        debug_assert!(end & 7 == 0 && slack > 0);
        let from = end - slack.max(WINDOW);
        let turned = self.turned(from);
        // SAFETY: the caller's promise; a mask lies within the table. The program may be writing here
        // behind our back: then either answer is right.
        unsafe {
            let mask = _mm_loadu_si128(MASKS.as_ptr().add(slack.min(WINDOW)).cast());
            let found = _mm_loadu_si128(from as *const __m128i);
            let differs = _mm_xor_si128(found, _mm_set1_epi64x(turned as i64));
            is_zero(_mm_and_si128(differs, mask))
        }
    }

    /// The byte expected at `address`.
    #[inline(always)]
    pub fn byte_at(self, address: usize) -> u8 {
        (self.word() >> (8 * (address & 7))) as u8
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
            *first = *first & payload_bits | self.word() & !payload_bits;
            let (window, mut address) = (self.window(), start + 8);
            while address + WINDOW <= to {
                _mm_storeu_si128(address as *mut __m128i, window);
                address += WINDOW;
            }
            if address < to {
                *(address as *mut u64) = self.word();
            }
        }
    }

    /// Looks at four windows at a time, from a multiple of 8 on, as long as they end at `last` or before.
    /// Not zero if any of them is changed.
    ///
    /// # Safety
    /// They are readable.
    #[inline(always)]
    unsafe fn changed(self, address: &mut usize, last: usize) -> u64 {
        const STEP: usize = 4 * WINDOW;
        // SAFETY: the caller's promise; SSE2 is part of x86-64.
        unsafe {
            let (window, mut difference) = (self.window(), _mm_setzero_si128());
            while *address + STEP <= last {
                let place = *address as *const __m128i;
                for number in 0..4 {
                    let found = _mm_loadu_si128(place.add(number));
                    difference = _mm_or_si128(difference, _mm_xor_si128(found, window));
                }
                *address += STEP;
            }
            u64::from(!is_zero(difference))
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
            let mut difference = ((start as *const u64).read() ^ self.word()) >> (8 * (from & 7))
                << (8 * (from & 7));
            let mut address = start + 8;
            let last = if to & 7 == 0 { to } else { to & !7 };
            if to < address {
                // All in one word, which the range does not fill.
                return difference << (8 * (address - to)) == 0;
            }
            difference |= self.changed(&mut address, last);
            while address < last {
                difference |= (address as *const u64).read() ^ self.word();
                address += 8;
            }
            if to & 7 != 0 {
                let partial = (last as *const u64).read() ^ self.word();
                difference |= partial << (64 - 8 * (to & 7));
            }
            difference == 0
        }
    }
}

/// Whether no bit is set.
#[inline(always)]
fn is_zero(bits: __m128i) -> bool {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(bits, _mm_setzero_si128())) == 0xFFFF }
}

#[cfg(test)]
mod tests;
