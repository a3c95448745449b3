//! The arena/bin allocator core of Heapwarden: ptmalloc's vocabulary, a newer structure.
//!
//! A request up to [`size_class::SMALL_MAX`] is a slot of a slab, taken through the thread's
//! [`cache`]; above that a page run of a [`heap`], taken from its [`arena`]; above the direct
//! threshold a mapping of its own ([`direct`]). The [`page_map`] leads from any address back to
//! the block it lies in.
//!
//! Invariants, for every module:
//! - nothing here allocates through `malloc`, panics, formats through std, or touches `errno`;
//! - no list, link or size lives in memory that the program can reach;
//! - a lock is held for a bounded number of steps and never while foreign code runs.
//!
//! Cost: a cached `malloc`/`free` pair takes no lock, no system call and no atomic
//! read-modify-write.
#![cfg_attr(loom, allow(dead_code, unused_imports))]

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("heapwarden-core supports x86-64 Linux");

mod handover;
mod lock;
mod sync;

pub use lock::RawMutex;

// What follows owns static state. Loom's atomics cannot be const-initialised, so a loom build
// stops here and checks the two modules above.
#[cfg(not(loom))]
#[macro_use]
mod check;
#[cfg(not(loom))]
mod arena;
#[cfg(not(loom))]
mod arenas;
#[cfg(not(loom))]
mod batch;
#[cfg(not(loom))]
mod cache;
#[cfg(not(loom))]
mod config;
#[cfg(not(loom))]
mod direct;
#[cfg(not(loom))]
mod entry;
#[cfg(not(loom))]
mod fit;
#[cfg(not(loom))]
mod heap;
#[cfg(not(loom))]
mod home;
#[cfg(not(loom))]
pub mod journey;
#[cfg(not(loom))]
mod large_bins;
#[cfg(not(loom))]
mod locate;
#[cfg(not(loom))]
mod misuse;
#[cfg(not(loom))]
pub mod os;
#[cfg(not(loom))]
mod page_map;
#[cfg(not(loom))]
mod pages;
#[cfg(not(loom))]
mod private_heap;
#[cfg(not(loom))]
mod resize;
#[cfg(not(loom))]
mod run;
#[cfg(not(loom))]
pub mod size_class;
#[cfg(not(loom))]
mod slab;
#[cfg(not(loom))]
mod slab_purge;
#[cfg(not(loom))]
mod small_bin;
#[cfg(not(loom))]
pub mod statistics;
#[cfg(not(loom))]
mod thread;
#[cfg(not(loom))]
pub mod tls;
#[cfg(not(loom))]
mod trim;
#[cfg(not(loom))]
mod uncached;
#[cfg(not(loom))]
mod verify;
#[cfg(not(loom))]
mod walk;

#[cfg(not(loom))]
pub use arena::Misuse;
#[cfg(not(loom))]
pub use arenas::set_arenas_max;
#[cfg(not(loom))]
pub use config::{Config, configure};
#[cfg(not(loom))]
pub use direct::set_direct_threshold;
#[cfg(not(loom))]
pub use entry::{
    allocate, allocate_aligned, allocate_fast, allocate_slow, allocate_zeroed, free, free_fast,
    free_slow,
};
#[cfg(not(loom))]
pub use fit::Fit;
#[cfg(not(loom))]
pub use locate::{BlockKind, Located, locate};
#[cfg(not(loom))]
pub use misuse::set_misuse_handler;
#[cfg(not(loom))]
pub use private_heap::PrivateHeap;
#[cfg(not(loom))]
pub use resize::{reallocate, usable_size};
#[cfg(not(loom))]
pub use thread::prepare_thread;
#[cfg(not(loom))]
pub use trim::trim;
#[cfg(not(loom))]
pub use verify::verify_structures;
#[cfg(not(loom))]
pub use walk::walk;
