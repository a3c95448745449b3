//! The model with `fit=worst`; see `support/model.rs`.

mod support;

use heapwarden_core::{Config, Fit};

#[test]
fn the_core_agrees_with_its_model_under_worst_fit() {
    support::model::run(Config { fit: Fit::Worst, ..Config::new() });
}
