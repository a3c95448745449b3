//! The model with one arena for all threads; see `support/model.rs`.

mod support;

use heapwarden_core::{Config, statistics};

#[test]
fn the_core_agrees_with_its_model_in_one_arena() {
    support::model::run(Config { arenas_max: 1, ..Config::new() });
    assert_eq!(statistics::gather().arenas, 1);
}
