//! The way in for debuggers: one symbol that leads to everything that is said of our structures (see
//! [`heapwarden_core::layout`]). `heapwarden gdb` prints the path of the script that reads it.
//!
//! It is in the preload library and in programs that use the crate as their allocator. Where symbols
//! were stripped, the magic is found in the variables.

use crate::{callsite, checked, chunk, evidence, handler_stack, leaks, scan};
use heapwarden_core::layout::{self, Table};

/// Changes when a reader for the version before could be misled; not when it would miss a name.
const VERSION: usize = 1;

/// What the symbol names.
#[repr(C)]
pub struct Layout {
    magic: [u8; 24],
    version: usize,
    groups: [Group; 2],
}

/// Tables side by side.
#[repr(C)]
struct Group {
    first: *const Table,
    count: usize,
}

// SAFETY: constants; nobody writes through the pointers.
unsafe impl Sync for Layout {}

impl Group {
    const fn of(tables: &'static [Table]) -> Group {
        Group { first: tables.as_ptr(), count: tables.len() }
    }
}

static TABLES: [Table; 10] = [
    Table::of(&checked::FACTS),
    Table::of(&chunk::header::FACTS),
    Table::of(&chunk::secret::FACTS),
    Table::of(&chunk::FACTS),
    Table::of(&evidence::FACTS),
    Table::of(&callsite::SITE_FACTS),
    Table::of(&callsite::NODE_FACTS),
    Table::of(&leaks::inherited::FACTS),
    Table::of(&handler_stack::FACTS),
    Table::of(&scan::roots::FACTS),
];

/// For debuggers.
#[unsafe(export_name = "heapwarden_layout")]
pub static LAYOUT: Layout = Layout {
    magic: *b"heapwarden layout \x01\x02\x03\x04\r\n",
    version: VERSION,
    groups: [Group::of(&layout::TABLES), Group::of(&TABLES)],
};

/// Keeps the linker from leaving the symbol out of a program.
pub fn keep() {
    core::hint::black_box(&raw const LAYOUT);
}
