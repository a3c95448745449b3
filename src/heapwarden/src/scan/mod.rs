//! The scan behind leak checks: the program's memory is read while its threads stand still.
//!
//! [`stop`] stops the other threads; [`nodes`] are the blocks, [`roots`] the memory that the program
//! can reach in any case: its variables ([`segments`]), the threads' stacks and thread-local memory
//! ([`stacks`]) and [`registers`], and before anything is called lost, what it [`mapped`] itself;
//! [`graph`] finds out what leads where.

pub mod area;
mod glibc;
pub mod graph;
pub(crate) mod holes;
pub(crate) mod mapped;
mod modules;
pub(crate) mod nodes;
mod pagemap;
mod park;
pub(crate) mod process;
mod readable;
pub(crate) mod registers;
mod restart;
pub mod roots;
pub(crate) mod segments;
mod slots;
mod stacks;
pub(crate) mod stop;
mod tasks;

#[cfg(feature = "testing")]
pub(crate) use glibc::descriptor_bytes;

/// Looks up what a scan needs to know of libc; once, when libc is ready.
pub fn prepare() {
    glibc::prepare();
}
