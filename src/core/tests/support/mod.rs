//! What the core's tests share: a shadow model of the heap, workers that drive the core against
//! it, and child processes for what ends one.
//!
//! The tests' own memory comes from the system's allocator, so the core is driven without being
//! the allocator of the process that drives it.
#![allow(dead_code)]

pub mod block;
pub mod check;
pub mod child;
pub mod failure;
pub mod model;
pub mod pattern;
pub mod random;
pub mod shadow;
pub mod sizes;
pub mod worker;
