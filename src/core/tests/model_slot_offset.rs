//! The model with slots that start at 8 mod 16, as layers with a header before each payload want
//! them; see `support/model.rs`.

mod support;

use heapwarden_core::Config;

#[test]
fn the_core_agrees_with_its_model_when_slots_start_at_8() {
    support::model::run(Config { slot_offset: 8, ..Config::new() });
}
