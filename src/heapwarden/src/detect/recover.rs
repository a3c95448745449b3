//! A damaged header whose check survived: the other bits are found again by trying.
//!
//! A write just before a payload hits the header's highest bytes first. As long as the check's own
//! 32 bits are whole, only one combination of state, family and slack fits them, up to a chance of
//! some in a hundred thousand.
//! Cost: a multiplication per combination, some thousands; cold.

use crate::chunk::{Family, Header, State};

const STATES: [State; 4] = [State::Live, State::Quarantined, State::Free, State::Never];

/// The header that stood at `address`, if `found` is it or still has its check. `room` is the most
/// the slack can be.
pub fn header(found: Header, address: usize, room: usize) -> Option<Header> {
    if found.is_valid(address) {
        return Some(found);
    }
    let check = found.0 & 0xFFFF_FFFF;
    for state in STATES {
        for family in 0..=Family::Rust as u8 {
            for slack in 0..=room {
                let plain = Header::new(state, Family::from_index(family), slack);
                for candidate in [plain, plain.inner()] {
                    let sealed = candidate.sealed(address);
                    if sealed.0 & 0xFFFF_FFFF == check {
                        return Some(sealed);
                    }
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::secret;

    #[test]
    fn the_upper_half_is_found_again_from_the_check() {
        secret::draw_for_tests();
        let address = 0x7f12_3458;
        // Little room, for another header must not fit by chance: the secret is drawn anew each time.
        for slack in [1, 9, 31, 60] {
            let header = Header::new(State::Live, Family::New, slack).sealed(address);
            for damage in [0xFFu64 << 56, 0xABCD << 48, 0x1234_5678 << 32] {
                let damaged = Header(header.0 ^ damage);
                assert_eq!(super::header(damaged, address, 64), Some(header));
            }
        }
    }

    #[test]
    fn without_the_check_nothing_is_invented() {
        secret::draw_for_tests();
        let address = 0x7f12_3458;
        let header = Header::new(State::Live, Family::Malloc, 9).sealed(address);
        assert_eq!(super::header(Header(header.0 ^ 0x5A5A), address, 64), None);
    }
}
