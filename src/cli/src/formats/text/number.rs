//! Numbers as people read them.

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 block`, `2 blocks`.
pub fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Exact as long as that can be read: `9,999 bytes`, then `12.3 KiB`.
pub fn bytes(number: u64) -> String {
    const EXACT_MAX: u64 = 10_000;
    if number < EXACT_MAX {
        return counted(number, "byte");
    }
    let (mut value, mut unit) = (number as f64 / 1024.0, "KiB");
    for larger in ["MiB", "GiB", "TiB", "PiB", "EiB"] {
        // What would be rounded to 1024.0 is 1.0 of the next.
        if value < 1023.95 {
            break;
        }
        (value, unit) = (value / 1024.0, larger);
    }
    format!("{value:.1} {unit}")
}

/// `+12.3 KiB`, `-3`.
pub fn change(old: u64, new: u64, write: impl Fn(u64) -> String) -> String {
    match new.checked_sub(old) {
        Some(more) => format!("+{}", write(more)),
        None => format!("-{}", write(old - new)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable_at_every_size() {
        assert_eq!([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(9_999), "9,999 bytes");
        assert_eq!(bytes(10_240), "10.0 KiB");
        assert_eq!(bytes(1024 * 1024 - 1), "1.0 MiB");
        assert_eq!(bytes(u64::MAX), "16.0 EiB");
        assert_eq!(change(5, 3, grouped), "-2");
        assert_eq!(change(3, 3, bytes), "+0 bytes");
    }
}
