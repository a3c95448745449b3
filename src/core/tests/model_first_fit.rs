//! The model with `fit=first`; see `support/model.rs`.

mod support;

use heapwarden_core::{Config, Fit};

#[test]
fn the_core_agrees_with_its_model_under_first_fit() {
    support::model::run(Config { fit: Fit::First, ..Config::new() });
}
