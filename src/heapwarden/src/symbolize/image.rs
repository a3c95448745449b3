//! What the files of one module tell: debug information if there is any, symbols.

use super::demangle::Name;
use super::dwarf::{self, Reader};
use super::file::Mapped;
use super::section::Inflated;
use super::symbol_table::SymbolTable;
use super::{Frame, Module, debug_file, elf};
use addr2line::Context;
use core::ffi::CStr;

/// An opened module. The fields that refer to files come before the files: they are dropped first.
pub(super) struct Image {
    context: Option<Context<Reader>>,
    symbols: Option<SymbolTable>,
    separate_symbols: Option<SymbolTable>,
    _inflated: Inflated,
    _files: [Option<Mapped>; 3],
    path: Vec<u8>,
    build_id: Vec<u8>,
}

impl Image {
    /// Opens the files of a module. An image without any detail stands for what cannot be opened, or
    /// was replaced on disk by another build.
    pub fn open(module: &Module<'_>) -> Image {
        let own = own_file(module);
        // SAFETY: for these and all slices below: the image keeps the files, and drops them last.
        let own_bytes = own.as_ref().map(|file| unsafe { file.bytes() });
        let is_complete = own_bytes.is_some_and(dwarf::is_in);
        let separate = own_bytes
            .filter(|_| !is_complete)
            .and_then(|bytes| debug_file::separate(module.path, bytes));
        // SAFETY: as above.
        let separate_bytes = separate.as_ref().map(|file| unsafe { file.bytes() });
        let debug_bytes = separate_bytes.or(own_bytes);
        let common = debug_bytes.and_then(|bytes| debug_file::supplementary(module.path, bytes));
        // SAFETY: as above.
        let common_bytes = common.as_ref().map(|file| unsafe { file.bytes() });
        let mut inflated = Inflated::default();
        let context = debug_bytes.filter(|bytes| dwarf::is_in(bytes)).and_then(|bytes| {
            // SAFETY: as above, and the same for what is inflated.
            unsafe { dwarf::context(bytes, common_bytes, &mut inflated) }
        });
        Image {
            context,
            symbols: own_bytes.and_then(SymbolTable::of),
            separate_symbols: separate_bytes.and_then(SymbolTable::of),
            _inflated: inflated,
            _files: [own, separate, common],
            path: module.path.to_vec(),
            build_id: module.build_id.to_vec(),
        }
    }

    /// Whether this is the image of `module`.
    pub fn is_of(&self, module: &Module<'_>) -> bool {
        self.path == module.path && self.build_id == module.build_id
    }

    /// Visits the frames at an address. `raw` is the frame without detail.
    pub fn frames(&self, raw: &Frame<'_>, name: &mut Name, visit: &mut dyn FnMut(&Frame<'_>)) {
        let address = raw.offset as u64;
        let found = self
            .context
            .as_ref()
            .and_then(|context| context.find_frames(address).skip_all_loads().ok());
        let mut pending = found.and_then(|mut frames| {
            let first = frames.next().ok().flatten()?;
            Some((frames, first))
        });
        if pending.is_none() {
            let function = self.function(address).map(|symbol| name.readable(symbol));
            visit(&Frame { function, ..*raw });
        }
        while let Some((mut frames, frame)) = pending.take() {
            let next = frames.next().ok().flatten();
            let symbol = frame.function.as_ref().and_then(|function| function.raw_name().ok());
            let function = match symbol {
                Some(symbol) => Some(name.readable(symbol.as_bytes())),
                // Without a function's entry the symbol table may still know it.
                None => self.function(address).map(|symbol| name.readable(symbol)),
            };
            let location = frame.location.as_ref();
            visit(&Frame {
                function,
                file: location.and_then(|location| location.file),
                line: location.and_then(|location| location.line).filter(|line| *line != 0),
                inlined: next.is_some(),
                ..*raw
            });
            pending = next.map(|next| (frames, next));
        }
    }

    fn function(&self, address: u64) -> Option<&'static [u8]> {
        let tables = [&self.separate_symbols, &self.symbols].into_iter().flatten();
        tables.filter_map(|table| table.function(address)).next()
    }

    /// The variable at an address: its symbol, address and size.
    pub fn variable(&self, address: u64) -> Option<(&'static [u8], u64, u64)> {
        let tables = [&self.separate_symbols, &self.symbols].into_iter().flatten();
        tables.filter_map(|table| table.variable(address)).next()
    }
}

/// The file a module was loaded from, unless another build is there by now.
fn own_file(module: &Module<'_>) -> Option<Mapped> {
    let mut path = module.path.to_vec();
    path.push(0);
    let by_name = CStr::from_bytes_until_nul(&path).ok().and_then(Mapped::open);
    by_name.filter(|file| is_build(file, module)).or_else(|| {
        // The program itself can be opened even if its file was moved or deleted.
        let program = Mapped::open(c"/proc/self/exe");
        program.filter(|file| !module.build_id.is_empty() && is_build(file, module))
    })
}

fn is_build(file: &Mapped, module: &Module<'_>) -> bool {
    // SAFETY: used in this function only.
    let id = elf::build_id(unsafe { file.bytes() });
    id.map_or(module.build_id.is_empty(), |id| id.as_bytes() == module.build_id)
}
