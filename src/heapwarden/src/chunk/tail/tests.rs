use super::*;
use crate::chunk::secret;

#[test]
fn a_short_tail_is_laid_without_a_loop_and_every_changed_byte_of_it_is_seen() {
    let secret = Secret::random();
    let mut memory = [0x11u8; 64];
    let base = memory.as_mut_ptr() as usize;
    let (end, pattern) = ((base + 56) & !7, Pattern::by(&secret, base));
    for slack in 1..=WINDOW {
        // SAFETY: the range lies in `memory`.
        unsafe {
            pattern.lay_short(end, slack);
            assert!(pattern.holds(end - slack, end), "{slack}");
            for at in base..base + memory.len() {
                let byte = at as *mut u8;
                *byte ^= 0x40;
                let seen = (end - slack..end).contains(&at);
                assert_eq!(pattern.starts(end, slack), !seen, "{slack}, {}", end - at);
                *byte ^= 0x40;
            }
        }
        let window = end - WINDOW - base..end - base;
        let outside = memory.iter().enumerate().filter(|(at, _)| !window.contains(at));
        assert!(outside.map(|(_, byte)| *byte).all(|byte| byte == 0x11), "{slack}");
    }
}

/// # Safety
/// As for [`Pattern::starts`].
unsafe fn holds_all(pattern: Pattern, end: usize, slack: usize) -> bool {
    // SAFETY: the caller's promise.
    let (holds, parts) = unsafe {
        let parts = pattern.starts(end, slack) && pattern.goes_on(end, slack);
        (pattern.holds(end - slack, end), parts)
    };
    assert_eq!(holds, parts, "{slack}");
    holds
}

#[test]
fn a_tail_is_laid_over_what_the_payload_is_filled_with_and_every_changed_byte_of_it_is_seen() {
    let secret = Secret::random();
    for slack in 1..=5 * WINDOW {
        let mut memory = [0xBEu8; 104];
        let base = memory.as_mut_ptr() as usize;
        let (end, pattern) = ((base + 96) & !7, Pattern::by(&secret, base));
        // SAFETY: the tail and the window lie in `memory`.
        unsafe {
            pattern.lay_over(end, slack, Fill::of(0xBE));
            assert!(holds_all(pattern, end, slack), "{slack}");
            for at in base..base + memory.len() {
                let is_tail = (end - slack..end).contains(&at);
                let byte = at as *mut u8;
                assert_eq!(*byte == 0xBE, !is_tail, "{slack}, {}", end - at);
                *byte ^= 0x40;
                assert_eq!(holds_all(pattern, end, slack), !is_tail, "{slack}, {}", end - at);
                *byte ^= 0x40;
            }
        }
    }
}

#[test]
fn a_short_tail_is_laid_behind_a_payload_that_stays_as_it_is() {
    let secret = Secret::random();
    for slack in 1..=WINDOW {
        let mut memory = [0x1111_1111_1111_1111u64; 4];
        let end = memory.as_mut_ptr_range().end as usize;
        let pattern = Pattern::by(&secret, end);
        // SAFETY: the window lies in `memory`.
        unsafe {
            pattern.lay_behind(end, slack);
            assert!(pattern.holds(end - slack, end), "{slack}");
        }
        let bytes = memory.iter().flat_map(|word| word.to_ne_bytes());
        assert!(bytes.take(32 - slack).all(|byte| byte == 0x11), "{slack}");
    }
}

#[test]
fn the_first_window_of_a_long_tail_is_seen_wherever_it_starts() {
    let secret = Secret::random();
    let mut memory = [0u64; 16];
    let base = memory.as_mut_ptr() as usize;
    let pattern = Pattern::by(&secret, base);
    for tail in base + 8..base + 32 {
        // SAFETY: the range lies in `memory`.
        unsafe {
            pattern.write(tail, base + 64);
            for at in base..base + 64 {
                *(at as *mut u8) ^= 0x40;
                let seen = (tail..tail + WINDOW).contains(&at);
                assert_eq!(pattern.starts(base + 64, base + 64 - tail), !seen, "{tail}, {at}");
                *(at as *mut u8) ^= 0x40;
            }
        }
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
