//! Fill bytes of freed (and, in `debug`, of fresh) payloads, and finding what changed in them.
//!
//! Cost: a memset to write; sixteen bytes at a time to verify.

use core::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_load_si128, _mm_loadu_si128,
    _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8, _mm_setzero_si128, _mm_store_si128,
    _mm_xor_si128,
};

/// A stretch whose bytes changed: the first and the last that differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Changed {
    /// Address of the first changed byte.
    pub first: usize,
    /// Address of the last changed byte.
    pub last: usize,
    /// How many bytes in between differ.
    pub count: usize,
}

/// Writes `byte` over `[from, to)`.
///
/// # Safety
/// The range is the caller's chunk's.
#[inline]
pub unsafe fn write(from: usize, to: usize, byte: u8) {
    // SAFETY: the caller's promise.
    unsafe { core::ptr::write_bytes(from as *mut u8, byte, to - from) };
}

/// Whether `[from, to)` holds only `byte`; both are multiples of 8.
///
/// # Safety
/// The range is readable.
#[inline]
pub unsafe fn holds(from: usize, to: usize, byte: u8) -> bool {
    debug_assert!(from & 7 == 0 && to & 7 == 0);
    let word = u64::from_ne_bytes([byte; 8]);
    let mut address = from;
    // SAFETY: the caller's promise; SSE2 is part of x86-64. The program may be writing here behind
    // our back: then either answer is right.
    unsafe {
        let wanted = _mm_set1_epi8(byte as i8);
        let mut difference = _mm_setzero_si128();
        while address + 64 <= to {
            let place = address as *const __m128i;
            let first = _mm_xor_si128(_mm_loadu_si128(place), wanted);
            let second = _mm_xor_si128(_mm_loadu_si128(place.add(1)), wanted);
            let third = _mm_xor_si128(_mm_loadu_si128(place.add(2)), wanted);
            let fourth = _mm_xor_si128(_mm_loadu_si128(place.add(3)), wanted);
            let pairs = _mm_or_si128(_mm_or_si128(first, second), _mm_or_si128(third, fourth));
            difference = _mm_or_si128(difference, pairs);
            address += 64;
        }
        while address + 16 <= to {
            let found = _mm_loadu_si128(address as *const __m128i);
            difference = _mm_or_si128(difference, _mm_xor_si128(found, wanted));
            address += 16;
        }
        let rest = if address < to { (address as *const u64).read() ^ word } else { 0 };
        let equal = _mm_movemask_epi8(_mm_cmpeq_epi8(difference, _mm_setzero_si128()));
        equal == 0xFFFF && rest == 0
    }
}

/// A byte, sixteen times over.
#[derive(Clone, Copy)]
pub struct Fill(__m128i);

impl Fill {
    /// Nothing but zeros.
    pub const ZERO: Fill = Fill::of(0);

    /// That byte.
    pub const fn of(byte: u8) -> Fill {
        // SAFETY: sixteen bytes, of which any are valid.
        Fill(unsafe { core::mem::transmute::<[u8; 16], __m128i>([byte; 16]) })
    }

    /// As a vector.
    #[inline(always)]
    pub fn bytes(self) -> __m128i {
        self.0
    }

    /// Eight of them.
    #[inline(always)]
    fn word(self) -> i64 {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_cvtsi128_si64(self.0) }
    }
}

/// The word that [`lay`] and [`lies`] take apart from the sixteens.
const LAST: usize = 8;

/// Fills `[from, to)`; `from` is a multiple of 16, `to` of 8 but not of 16. For short stretches.
///
/// # Safety
/// The range is the caller's chunk's.
#[inline(always)]
pub unsafe fn lay(from: usize, to: usize, fill: Fill) {
    debug_assert!(from & 15 == 0 && to & 15 == LAST && from < to);
    let last = to - LAST;
    // SAFETY: the caller's promise; the places are aligned, and between `from` and `last`.
    unsafe {
        let put = |place: usize| _mm_store_si128(place as *mut __m128i, fill.bytes());
        if last >= from + 48 {
            let mut place = from;
            while place < last - 48 {
                (0..4).for_each(|part| put(place + 16 * part));
                place += 64;
            }
            (1..4).for_each(|part| put(last - 16 * part));
        } else if from < last {
            put(from);
            put(last - 16);
        }
        *(last as *mut i64) = fill.word();
    }
}

/// Whether `[from, to)` holds only that fill; the bounds are as for [`lay`]. For short stretches.
///
/// # Safety
/// The range is readable.
#[inline(always)]
pub unsafe fn lies(from: usize, to: usize, fill: Fill) -> bool {
    debug_assert!(from & 15 == 0 && to & 15 == LAST && from < to);
    let last = to - LAST;
    // SAFETY: the caller's promise; the places are aligned, and between `from` and `last`. The program
    // may be writing here behind our back: then either answer is right.
    unsafe {
        let at = |place: usize| _mm_xor_si128(_mm_load_si128(place as *const _), fill.bytes());
        let mut differs = _mm_cvtsi64_si128((last as *const i64).read() ^ fill.word());
        if last >= from + 48 {
            let mut place = from;
            while place < last - 48 {
                for part in 0..4 {
                    differs = _mm_or_si128(differs, at(place + 16 * part));
                }
                place += 64;
            }
            for part in 1..4 {
                differs = _mm_or_si128(differs, at(last - 16 * part));
            }
        } else if from < last {
            differs = _mm_or_si128(differs, _mm_or_si128(at(from), at(last - 16)));
        }
        _mm_movemask_epi8(_mm_cmpeq_epi8(differs, _mm_setzero_si128())) == 0xFFFF
    }
}

/// [`lay`] with zeros.
///
/// # Safety
/// As for [`lay`].
#[inline(always)]
pub unsafe fn zero(from: usize, to: usize) {
    // SAFETY: the caller's promise.
    unsafe { lay(from, to, Fill::ZERO) }
}

/// [`lies`] with zeros.
///
/// # Safety
/// As for [`lies`].
#[inline(always)]
pub unsafe fn is_zero(from: usize, to: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { lies(from, to, Fill::ZERO) }
}

/// What differs in `[from, to)` from the bytes that `expected` names.
///
/// # Safety
/// The range is readable.
pub unsafe fn changed(from: usize, to: usize, expected: impl Fn(usize) -> u8) -> Option<Changed> {
    let mut found: Option<Changed> = None;
    for address in from..to {
        // SAFETY: the caller's promise.
        let byte = unsafe { (address as *const u8).read_volatile() };
        if byte != expected(address) {
            let changed = found.get_or_insert(Changed { first: address, last: address, count: 0 });
            changed.last = address;
            changed.count += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_stretches_are_filled_and_every_changed_byte_of_them_is_seen() {
        #[repr(align(16))]
        struct Memory([u8; 400]);
        let mut memory = Memory([0x55; 400]);
        let base = memory.0.as_mut_ptr() as usize;
        for (byte, bytes) in [0, 0xDF]
            .into_iter()
            .flat_map(|byte| (8..360).step_by(16).map(move |bytes| (byte, bytes)))
        {
            let (from, to) = (base + 16, base + 16 + bytes);
            memory.0.fill(0x55);
            let fill = Fill::of(byte);
            // SAFETY: the range lies in `memory`.
            unsafe {
                lay(from, to, fill);
                assert!(lies(from, to, fill));
                assert_eq!(is_zero(from, to), byte == 0);
                for at in from..to {
                    *(at as *mut u8) = byte ^ 1;
                    assert!(!lies(from, to, fill), "{bytes} bytes, byte {}", at - from);
                    *(at as *mut u8) = byte;
                }
            }
            let outside = memory.0[..16].iter().chain(&memory.0[16 + bytes..]);
            assert!(outside.copied().all(|byte| byte == 0x55), "{bytes} bytes");
        }
    }

    #[test]
    fn every_changed_byte_of_every_length_is_seen() {
        let mut memory = [0u64; 40];
        let base = memory.as_mut_ptr() as usize;
        for words in 0..40 {
            let (from, to) = (base, base + words * 8);
            // SAFETY: the range lies in `memory`.
            unsafe {
                write(from, to, 0xDF);
                assert!(holds(from, to, 0xDF));
                for at in from..to {
                    *(at as *mut u8) = 0xDE;
                    assert!(!holds(from, to, 0xDF), "{words} words, byte {}", at - from);
                    let changed = changed(from, to, |_| 0xDF);
                    assert_eq!(changed, Some(Changed { first: at, last: at, count: 1 }));
                    *(at as *mut u8) = 0xDF;
                }
            }
        }
    }
}
