//! The lock and the hand-over of freed blocks under loom, which tries every interleaving:
//! `RUSTFLAGS="--cfg loom" cargo test -p heapwarden-core --release --test loom`.
//!
//! The modules are the core's own, included beside loom's atomics.
#![cfg(loom)]
#![allow(dead_code, missing_docs)]

mod atomic;
#[path = "../../src/sync/handover.rs"]
mod handover;
mod handover_model;
#[path = "../../src/sync/lock.rs"]
mod lock;
mod lock_model;
