//! Whole numbers in decimal, without an allocation and without `std::fmt`.

use super::Sink;

/// The number that `text` is; none if it is anything else or too large.
pub(super) fn read_number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Writes the digits of `number`.
pub(super) fn write_number(mut number: u64, sink: Sink<'_>) {
    const DIGITS_MAX: usize = 20;
    let mut digits = [b'0'; DIGITS_MAX];
    let mut start = DIGITS_MAX;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + (number % 10) as u8;
        number /= 10;
        start -= 1;
        if number == 0 {
            break;
        }
    }
    if let Some(text) = digits.get(start..) {
        sink(text);
    }
}
