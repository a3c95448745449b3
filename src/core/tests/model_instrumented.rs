//! The model when every request takes the instrumented path; see `support/model.rs`.

mod support;

use heapwarden_core::{Config, statistics};

#[test]
fn the_core_agrees_with_its_model_when_instrumented() {
    let outcome = support::model::run(Config { instrument: true, ..Config::new() });
    let all = statistics::gather();
    assert!(all.requested_bytes >= outcome.requested, "{all:?}");
    assert!(all.granted_bytes >= all.requested_bytes, "{all:?}");
}
