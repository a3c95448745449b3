//! The model when free memory goes back to the kernel at once; see `support/model.rs`.

mod support;

use heapwarden_core::{Config, statistics};

#[test]
fn the_core_agrees_with_its_model_without_decay() {
    support::model::run(Config { decay_ms: 0, ..Config::new() });
    let all = statistics::gather();
    assert!(all.to_kernel_bytes > 0, "{all:?}");
}
