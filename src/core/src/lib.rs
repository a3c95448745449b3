//! The arena/bin allocator core of Heapwarden: ptmalloc's vocabulary, a newer structure.
//!
//! A request up to [`size_class::SMALL_MAX`] is a slot of a slab (`slabs`), taken through the
//! thread's cache (`thread`); above that a run of pages of a heap (`pages`), taken from its arena
//! (`arena`); above the direct threshold a mapping of its own (`direct`). The page map leads from
//! any address back to the block it lies in (`locate`).
//!
//! Invariants, for every module:
//! - nothing here allocates through `malloc`, panics, formats through std, or touches `errno`;
//! - no list, link or size lives in memory that the program can reach;
//! - a lock is held for a bounded number of steps and never while foreign code runs.
//!
//! Cost: a cached `malloc`/`free` pair takes no lock, no system call and no atomic
//! read-modify-write.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("heapwarden-core supports x86-64 Linux");

#[macro_use]
mod check;
mod arena;
mod config;
mod direct;
mod entry;
mod hold;
pub mod journey;
pub mod layout;
mod locate;
mod misuse;
pub mod os;
mod pages;
mod private_heap;
mod private_runs;
mod resize;
mod slabs;
mod spot;
pub mod statistics;
mod sync;
mod thread;
mod trim;
mod verify;
mod waiting;
mod walk;

pub use arena::Misuse;
pub use arena::arenas::set_arenas_max;
pub use config::{Config, Hooks, configure};
pub use direct::set_direct_threshold;
pub use entry::{
    Stacks, allocate, allocate_aligned, allocate_class, allocate_fast, allocate_pages,
    allocate_slow, allocate_zeroed, check_fork, free, free_class, free_fast, free_slow,
    note_handed_on,
};
pub use hold::{Held, Region, hold, own_ranges};
pub use locate::{BlockKind, Located, Place, extension_of, is_managed, locate, place};
pub use misuse::set_misuse_handler;
pub use pages::fit::Fit;
pub use pages::page_map::{class_at, is_ours};
pub use pages::run::LARGE_CLASS;
pub use private_heap::{PrivateHeap, alloc_surely, keep_spare};
pub use resize::{lengthen, reallocate, usable_size};
pub use slabs::size_class;
pub use spot::{Spot, slab_word};
pub use sync::RawMutex;
pub use thread::{generation, prepare_thread, tls};
pub use trim::trim;
pub use verify::verify_structures;
pub use waiting::Waiting;
pub use walk::{survey, walk};

/// The folder of this crate's sources, as debug information names it.
pub const SOURCES: &str = file!().split_at(file!().len() - "lib.rs".len()).0;
