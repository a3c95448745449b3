//! A gzip file around deflated bytes (RFC 1952).

/// Magic, method (deflate), no flags, no time, no extra flags, unknown system: the same bytes give
/// the same file.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// The level that zlib takes by default.
const LEVEL: u8 = 6;

/// `bytes`, compressed.
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut file = HEADER.to_vec();
    file.extend(miniz_oxide::deflate::compress_to_vec(bytes, LEVEL));
    file.extend(crc32(bytes).to_le_bytes());
    // The length modulo 2^32, as the format has it.
    file.extend((bytes.len() as u32).to_le_bytes());
    file
}

/// The checksum, a bit at a time: profiles are small.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            let polynomial = if sum & 1 == 1 { 0xedb8_8320 } else { 0 };
            sum >> 1 ^ polynomial
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }
}
