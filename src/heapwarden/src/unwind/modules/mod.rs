//! The modules (program, libraries) whose code has turned up in stacks.
//!
//! A module is entered when an address in it is first asked about, through `_dl_find_object`, which
//! takes no lock. Entries are never removed: a library that was closed keeps its name for the
//! stacks that lead through it, and comes back to life if it is opened again at the same place.
//! Cost: lookups walk a list; they happen once per code address and in reports.

pub(super) mod elf;
mod identity;
mod iterate;
mod list;
mod loader;

pub(super) use list::{
    Entered, any_changed, enter, entered, generation, locate, revalidate, revalidate_all,
};
pub use list::{all, enter_all, find, find_known};
pub use loader::Found;

use super::tables::Tables;
use core::ops::Range;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};

/// One program or library.
pub struct Module {
    next: AtomicPtr<Module>,
    found: Found,
    fingerprint: u64,
    /// Counts what was closed; 0 while this is open.
    closed: AtomicU32,
    path: &'static [u8],
    build_id: &'static [u8],
    /// Where its call frame information is; used in the critical section only.
    pub(super) tables: Option<Tables>,
}

impl Module {
    /// The file it was loaded from; empty if that is not known.
    pub fn path(&self) -> &'static [u8] {
        self.path
    }

    /// The build id, 20 bytes as a rule; empty without one.
    pub fn build_id(&self) -> &'static [u8] {
        self.build_id
    }

    /// What to subtract from an address to get the one in the file.
    pub fn base(&self) -> usize {
        self.found.bias
    }

    /// The addresses it takes.
    pub fn range(&self) -> Range<usize> {
        self.found.range.clone()
    }

    /// Whether it has been found closed; another module may have its addresses now.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Relaxed) != 0
    }

    /// Its `.eh_frame_hdr` and `.eh_frame`, each to the end of its segment. Not to be looked at once
    /// the module is closed.
    pub fn frame_sections(&self) -> Option<[&'static [u8]; 2]> {
        self.tables.as_ref().map(Tables::sections)
    }

    /// Whether it is the program itself.
    pub fn is_program(&self) -> bool {
        self.found.is_program
    }
}
