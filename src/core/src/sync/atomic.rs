//! What [`super::lock`] and [`super::handover`] are built on. `tests/loom.rs` includes the two beside
//! another module of this name, made of loom's parts.

pub use crate::os::{futex_wait, futex_wake};
pub use core::hint::spin_loop;
pub use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// Rounds of spinning before a waiter sleeps.
pub const SPINS: u32 = 100;

/// A constructor that is const, which loom's atomics do not allow.
macro_rules! constructor {
    ($(#[$about:meta])* pub fn $name:ident() -> Self $body:block) => {
        $(#[$about])*
        pub const fn $name() -> Self $body
    };
}
pub(super) use constructor;
