//! How threads meet: the lock, values behind it, and the mailbox.

mod atomic;
pub mod handover;
mod lock;
mod locked;

pub use lock::RawMutex;
pub(crate) use locked::Locked;
