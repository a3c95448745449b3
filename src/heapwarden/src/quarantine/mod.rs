//! Quarantine: freed blocks wait before their memory is used again, so that a late write is seen
//! in their fill and a late free finds them quarantined.
//!
//! First a ring per size class and thread, one in, one out, with a random swap inside ([`ring`]);
//! in the deep profiles then a FIFO shared by all threads and bounded in bytes ([`fifo`]). Large
//! and direct blocks wait in a FIFO of their own, so that one of them does not flush the small.
//! What leaves is verified by the caller before it goes back to the core: there is no other way.

pub mod fifo;
pub mod ring;
