//! Names for addresses: function, file and line, inlined frames, module and offset.
//!
//! [`Symbolizer`] is what a report needs; [`Symbols`] is the full answer, from the debug
//! information of the files that are mapped, and [`Modules`] alone the cheap one, without any
//! allocation.
//!
//! Built on `addr2line` and `gimli`, which the `backtrace` crate uses inside, and not on
//! `backtrace::resolve` itself: that finds modules by `dl_iterate_phdr`, whose lock a blocked thread
//! may hold; it takes std's mutex and thread-local variables, which the preload library must not
//! have; and it forgets a module that was closed. Tests compare our answers with its answers.
//!
//! Invariants: nothing here calls into ld.so or libc's malloc, takes a lock, or trusts a file: what
//! is damaged or missing means less detail. Cost: see docs/reports.md.

mod debug_file;
mod demangle;
mod dwarf;
mod elf;
mod file;
mod image;
pub(crate) mod maps;
mod modules;
mod own;
mod process_memory;
mod section;
mod symbol_table;
mod symbols;

pub(crate) use file::read_file;
pub use modules::{Module, Modules};
pub use symbols::Symbols;

/// One frame. What is not known is absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frame<'a> {
    /// The address that was looked up.
    pub address: usize,
    /// The function, demangled.
    pub function: Option<&'a str>,
    /// The source file.
    pub file: Option<&'a str>,
    /// The line in it.
    pub line: Option<u32>,
    /// The module's path.
    pub module: Option<&'a [u8]>,
    /// The address as the module's file counts it; 0 without a module.
    pub offset: usize,
    /// The module's build id; empty if it has none.
    pub build_id: &'a [u8],
    /// Whether this function was inlined into that of the next frame.
    pub inlined: bool,
}

/// A global variable.
#[derive(Clone, Copy, Debug)]
pub struct Variable<'a> {
    /// Its name, if the module has symbols.
    pub name: Option<&'a str>,
    /// How far inside of it the address lies.
    pub offset: usize,
    /// Its size.
    pub size: usize,
    /// The module's path.
    pub module: &'a [u8],
}

/// Names for addresses.
pub trait Symbolizer {
    /// Calls `visit` with the frames at `address`, inlined ones first; at least once.
    fn frames(&mut self, address: usize, visit: &mut dyn FnMut(&Frame<'_>));

    /// Calls `visit` if `address` lies in the data of a module.
    fn variable(&mut self, address: usize, visit: &mut dyn FnMut(&Variable<'_>));

    /// Calls `visit` with every module.
    fn modules(&mut self, visit: &mut dyn FnMut(&Module<'_>));
}
