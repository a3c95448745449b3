//! The header: what is sealed is read back, and nothing else passes for it.

use super::*;
use crate::chunk::secret;

#[test]
fn what_is_sealed_is_read_back_and_keyed_to_its_address() {
    secret::draw_for_tests();
    for family in Family::ALL {
        for state in STATES {
            for slack in [0, 1, 15, 4095, SLACK_MAX] {
                let header = Header::new(state, family, slack).sealed(0x7f00_1238);
                assert!(header.is_valid(0x7f00_1238));
                assert!(!header.is_valid(0x7f00_1248));
                assert_eq!(
                    (header.state(), header.family(), header.slack()),
                    (state, family, slack)
                );
            }
        }
    }
}

#[test]
fn only_our_own_mark_looks_like_a_change() {
    secret::draw_for_tests();
    let address = 0x7f00_1238;
    let header = Header::new(State::Live, Family::New, 7).sealed(address);
    assert!(header.changing().is_changing(address));
    assert!(!header.changing().is_valid(address));
    assert!(Header(0).changing().is_changing(address));
    // On a header that is damaged the mark is lost: it belongs on nothing then.
    assert!(!Header(header.0 ^ 0x5A00).changing().is_changing(address));
    assert!(!header.is_changing(address));
    for shift in (0..64).step_by(8) {
        let stray = |byte| Header(header.0 & !(0xFF << shift) | byte << shift);
        assert!(!(0..=255u64).any(|byte| stray(byte).is_changing(address)));
    }
}

#[test]
fn every_changed_byte_breaks_the_check() {
    secret::draw_for_tests();
    let address = 0x7f00_1238;
    let header = Header::new(State::Live, Family::New, 7).sealed(address);
    for byte in 0..8 {
        for change in 1..=255u64 {
            assert!(!Header(header.0 ^ change << (8 * byte)).is_valid(address));
        }
    }
}
