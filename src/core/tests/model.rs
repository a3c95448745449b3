//! The model under the default settings; see `support/model.rs`.

mod support;

#[test]
fn the_core_agrees_with_its_model() {
    support::model::run(heapwarden_core::Config::new());
}
