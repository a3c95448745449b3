//! The names in a file's symbol table: for functions a sorted list, for variables a search.

use super::elf::{Header, LITTLE};
use object::LittleEndian;
use object::elf::{SHT_DYNSYM, SHT_SYMTAB, STT_FUNC, STT_GNU_IFUNC, STT_OBJECT, Sym64};
use object::read::elf::{FileHeader, Sym};

/// A function: its addresses in the file, and the index of its symbol.
#[derive(Clone, Copy)]
struct Function {
    start: u64,
    size: u32,
    symbol: u32,
}

/// The symbols of one file.
pub(super) struct SymbolTable {
    functions: Vec<Function>,
    symbols: &'static [Sym64<LittleEndian>],
    file: &'static [u8],
    is_dynamic: bool,
}

impl SymbolTable {
    /// The full table of the file, else the one for the loader, else none.
    pub fn of(file: &'static [u8]) -> Option<SymbolTable> {
        SymbolTable::read(file, false).or_else(|| SymbolTable::read(file, true))
    }

    fn read(file: &'static [u8], is_dynamic: bool) -> Option<SymbolTable> {
        let table = table(file, is_dynamic)?;
        let symbols = table.symbols();
        let functions = symbols.iter().enumerate().filter(|(_, symbol)| {
            let kind = symbol.st_type();
            let names_code = kind == STT_FUNC || kind == STT_GNU_IFUNC;
            names_code && symbol.st_value(LITTLE) != 0 && !symbol.is_undefined(LITTLE)
        });
        let mut functions: Vec<_> = functions
            .map(|(index, symbol)| Function {
                start: symbol.st_value(LITTLE),
                size: u32::try_from(symbol.st_size(LITTLE)).unwrap_or(u32::MAX),
                symbol: index as u32,
            })
            .collect();
        if functions.is_empty() {
            return None;
        }
        functions.sort_unstable_by_key(|function| (function.start, function.size));
        Some(SymbolTable { functions, symbols, file, is_dynamic })
    }

    /// The function that `address` lies in.
    pub fn function(&self, address: u64) -> Option<&'static [u8]> {
        let behind = self.functions.partition_point(|function| function.start <= address);
        let found = self.functions.get(behind.checked_sub(1)?)?;
        // Assembler code often has no size: then it reaches to the next symbol.
        let is_inside = found.size == 0 || address - found.start < u64::from(found.size);
        is_inside.then(|| self.name(self.symbols.get(found.symbol as usize)?))?
    }

    /// The variable that `address` lies in: its name, address and size.
    pub fn variable(&self, address: u64) -> Option<(&'static [u8], u64, u64)> {
        let found = self.symbols.iter().find(|symbol| {
            let distance = address.checked_sub(symbol.st_value(LITTLE));
            let is_inside = distance.is_some_and(|distance| distance < symbol.st_size(LITTLE));
            symbol.st_type() == STT_OBJECT && !symbol.is_undefined(LITTLE) && is_inside
        })?;
        Some((self.name(found)?, found.st_value(LITTLE), found.st_size(LITTLE)))
    }

    fn name(&self, symbol: &Sym64<LittleEndian>) -> Option<&'static [u8]> {
        let table = table(self.file, self.is_dynamic)?;
        symbol.name(LITTLE, table.strings()).ok().filter(|name| !name.is_empty())
    }
}

fn table(
    file: &'static [u8],
    is_dynamic: bool,
) -> Option<object::read::elf::SymbolTable<'static, Header>> {
    let header = Header::parse(file).ok()?;
    let sections = header.sections(LITTLE, file).ok()?;
    let kind = if is_dynamic { SHT_DYNSYM } else { SHT_SYMTAB };
    sections.symbols(LITTLE, file, kind).ok()
}
