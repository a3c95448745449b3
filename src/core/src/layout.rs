//! What a debugger needs to find blocks by plain reads of memory, in a stopped process or in a core
//! file: where the roots are, and where in a structure a field lies.
//!
//! Each fact has a name, so that a reader needs neither debug information nor a copy of our
//! structures, and learns what it misses when we change. Facts stand beside what they describe.
//! Cost: 32 bytes of constant data each; nothing at run time.

/// One fact.
#[repr(C)]
pub struct Fact {
    name: [u8; NAME_BYTES],
    value: *const u8,
}

/// The longest name; shorter ones end with zeros.
const NAME_BYTES: usize = 24;

// SAFETY: constants; nobody writes through the pointer.
unsafe impl Sync for Fact {}

impl Fact {
    /// A number.
    pub const fn number(name: &str, value: usize) -> Fact {
        Fact::place(name, core::ptr::without_provenance::<u8>(value))
    }

    /// Where something lies.
    pub const fn place<T>(name: &str, place: *const T) -> Fact {
        let text = name.as_bytes();
        assert!(text.len() <= NAME_BYTES);
        let mut name = [0; NAME_BYTES];
        let mut index = 0;
        while index < text.len() {
            name[index] = text[index];
            index += 1;
        }
        Fact { name, value: place.cast() }
    }

    /// Where in a structure a field lies, and above bit 32 how many bytes it has.
    pub const fn field<S, T>(name: &str, offset: usize, _: fn(&S) -> &T) -> Fact {
        Fact::number(name, offset | size_of::<T>() << 32)
    }
}

/// The fact of a field, named `Structure.field`.
#[macro_export]
macro_rules! field {
    ($structure:ident, $field:ident) => {
        $crate::layout::Fact::field(
            concat!(stringify!($structure), ".", stringify!($field)),
            ::core::mem::offset_of!($structure, $field),
            |whole: &$structure| &whole.$field,
        )
    };
}

/// Facts side by side.
#[repr(C)]
pub struct Table {
    first: *const Fact,
    count: usize,
}

// SAFETY: leads to constants.
unsafe impl Sync for Table {}

impl Table {
    /// The table of these facts.
    pub const fn of(facts: &'static [Fact]) -> Table {
        Table { first: facts.as_ptr(), count: facts.len() }
    }
}

/// The core's facts.
pub static TABLES: [Table; 8] = [
    Table::of(&crate::pages::page_map::FACTS),
    Table::of(&crate::pages::heap::FACTS),
    Table::of(&crate::pages::run::FACTS),
    Table::of(&crate::slabs::size_class::FACTS),
    Table::of(&crate::direct::FACTS),
    Table::of(&crate::config::FACTS),
    Table::of(&crate::thread::cache::FACTS),
    Table::of(&crate::os::own::FACTS),
];
