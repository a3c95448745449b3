//! Fill bytes of freed (and, in `debug`, of fresh) payloads, and finding what changed in them.
//!
//! Cost: a memset to write; sixteen bytes at a time to verify.

use core::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_cvtsi64_si128, _mm_load_si128, _mm_loadu_si128, _mm_movemask_epi8,
    _mm_or_si128, _mm_set1_epi8, _mm_setzero_si128, _mm_store_si128, _mm_xor_si128,
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

/// The word that [`zero`] and [`is_zero`] take apart from the sixteens.
const LAST: usize = 8;

/// Clears `[from, to)`; `from` is a multiple of 16, `to` of 8 but not of 16. For short stretches.
///
/// # Safety
/// The range is the caller's chunk's.
#[inline(always)]
pub unsafe fn zero(from: usize, to: usize) {
    debug_assert!(from & 15 == 0 && to & 15 == LAST && from < to);
    let last = to - LAST;
    // SAFETY: the caller's promise; the places are aligned, and between `from` and `last`.
    unsafe {
        let zeros = _mm_setzero_si128();
        let put = |place: usize| _mm_store_si128(place as *mut __m128i, zeros);
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
        *(last as *mut u64) = 0;
    }
}

/// Whether `[from, to)` holds only zeros; the bounds are as for [`zero`]. For short stretches.
///
/// # Safety
/// The range is readable.
#[inline(always)]
pub unsafe fn is_zero(from: usize, to: usize) -> bool {
    debug_assert!(from & 15 == 0 && to & 15 == LAST && from < to);
    let last = to - LAST;
    // SAFETY: the caller's promise; the places are aligned, and between `from` and `last`. The program
    // may be writing here behind our back: then either answer is right.
    unsafe {
        let at = |place: usize| _mm_load_si128(place as *const __m128i);
        let mut found = _mm_cvtsi64_si128((last as *const i64).read());
        if last >= from + 48 {
            let mut place = from;
            while place < last - 48 {
                for part in 0..4 {
                    found = _mm_or_si128(found, at(place + 16 * part));
                }
                place += 64;
            }
            for part in 1..4 {
                found = _mm_or_si128(found, at(last - 16 * part));
            }
        } else if from < last {
            found = _mm_or_si128(found, _mm_or_si128(at(from), at(last - 16)));
        }
        _mm_movemask_epi8(_mm_cmpeq_epi8(found, _mm_setzero_si128())) == 0xFFFF
    }
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
    fn short_stretches_are_cleared_and_every_changed_byte_of_them_is_seen() {
        #[repr(align(16))]
        struct Memory([u8; 400]);
        let mut memory = Memory([0x55; 400]);
        let base = memory.0.as_mut_ptr() as usize;
        for bytes in (8..360).step_by(16) {
            let (from, to) = (base + 16, base + 16 + bytes);
            memory.0.fill(0x55);
            // SAFETY: the range lies in `memory`.
            unsafe {
                zero(from, to);
                assert!(is_zero(from, to));
                for at in from..to {
                    *(at as *mut u8) = 1;
                    assert!(!is_zero(from, to), "{bytes} bytes, byte {}", at - from);
                    *(at as *mut u8) = 0;
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
