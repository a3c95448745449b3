//! Numbers as people read them.

use super::Piece;

/// `1234567`.
pub fn number(number: u64) -> Piece {
    let mut piece = Piece::new();
    append_decimal(&mut piece, number, None);
    piece
}

/// `1234567` -> `1,234,567`.
pub fn decimal(number: u64) -> Piece {
    let mut piece = Piece::new();
    append_decimal(&mut piece, number, Some(b','));
    piece
}

/// `0x7f12ab`.
pub fn hexadecimal(number: u64) -> Piece {
    let mut piece = Piece::new();
    piece.append(b"0x");
    let digits = (u64::BITS - number.leading_zeros()).div_ceil(4).max(1);
    for position in (0..digits).rev() {
        let digit = (number >> (position * 4)) & 15;
        piece.push(b"0123456789abcdef".get(digit as usize).copied().unwrap_or(b'?'));
    }
    piece
}

/// `1536` -> `1.5 KiB`. Exact below 1 KiB and for whole units; else one digit after the point.
pub fn bytes(count: u64) -> Piece {
    const UNITS: [&[u8]; 6] = [b" B", b" KiB", b" MiB", b" GiB", b" TiB", b" PiB"];
    let mut unit = 0;
    let mut scale = 1u64;
    while count / scale >= 1024 && unit + 1 < UNITS.len() {
        scale *= 1024;
        unit += 1;
    }
    let mut piece = Piece::new();
    append_decimal(&mut piece, count / scale, None);
    let tenths = (count % scale) as u128 * 10 / scale as u128;
    if !count.is_multiple_of(scale) {
        piece.push(b'.');
        append_decimal(&mut piece, tenths as u64, None);
    }
    piece.append(UNITS.get(unit).copied().unwrap_or(b""));
    piece
}

/// `part` of `whole` as `12.5 %`; `-` when there is no whole.
pub fn percent(part: u64, whole: u64) -> Piece {
    let mut piece = Piece::new();
    if whole == 0 {
        piece.push(b'-');
        return piece;
    }
    let tenths = (part as u128 * 1000 + whole as u128 / 2) / whole as u128;
    append_decimal(&mut piece, (tenths / 10) as u64, None);
    piece.push(b'.');
    append_decimal(&mut piece, (tenths % 10) as u64, None);
    piece.append(b" %");
    piece
}

fn append_decimal(piece: &mut Piece, number: u64, separator: Option<u8>) {
    let start = piece.length();
    let mut rest = number;
    let mut digits = 0;
    loop {
        if let (Some(separator), 1.., 0) = (separator, digits, digits % 3) {
            piece.push(separator);
        }
        piece.push(b'0' + (rest % 10) as u8);
        rest /= 10;
        digits += 1;
        if rest == 0 {
            break;
        }
    }
    piece.reverse_from(start);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(piece: Piece) -> String {
        String::from_utf8_lossy(piece.as_bytes()).into_owned()
    }

    #[test]
    fn decimals_are_grouped_by_three() {
        for (number, expected) in [
            (0, "0"),
            (7, "7"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(text(decimal(number)), expected);
        }
    }

    #[test]
    fn numbers_are_plain() {
        assert_eq!(text(number(0)), "0");
        assert_eq!(text(number(1_234_567)), "1234567");
    }

    #[test]
    fn hexadecimals_have_no_leading_zeros() {
        assert_eq!(text(hexadecimal(0)), "0x0");
        assert_eq!(text(hexadecimal(0x10)), "0x10");
        assert_eq!(text(hexadecimal(u64::MAX)), "0xffffffffffffffff");
    }

    #[test]
    fn bytes_take_the_largest_unit_that_leaves_a_whole() {
        for (count, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (4 << 20, "4 MiB"),
            ((1 << 20) - 1, "1023.9 KiB"),
            (u64::MAX, "16383.9 PiB"),
        ] {
            assert_eq!(text(bytes(count)), expected);
        }
    }

    #[test]
    fn percents_are_rounded_to_a_tenth() {
        assert_eq!(text(percent(1, 0)), "-");
        assert_eq!(text(percent(1, 8)), "12.5 %");
        assert_eq!(text(percent(2, 3)), "66.7 %");
        assert_eq!(text(percent(u64::MAX, u64::MAX)), "100.0 %");
    }
}
