//! Every kind of error that needs no guard page: a small program that makes it, run as a child under
//! each profile that promises to see it, and its clean twin, which must be silent.

#[path = "../support/mod.rs"]
mod support;

mod after_free;
mod contexts;
mod corruption;
mod double_free;
mod expect;
mod invalid_free;
mod layouts;
mod mismatch;
mod overflow;
mod underflow;
