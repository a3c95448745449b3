//! The model with `fit=next`; see `support/model.rs`.

mod support;

use heapwarden_core::{Config, Fit};

#[test]
fn the_core_agrees_with_its_model_under_next_fit() {
    support::model::run(Config { fit: Fit::Next, ..Config::new() });
}
