//! The families of allocation functions: a block goes back to the family that it came from.

/// Who allocated a block, and therefore who may free it. The numbers are what headers and records
/// hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Family {
    /// malloc, calloc, realloc.
    Malloc = 0,
    /// aligned_alloc, memalign, posix_memalign, valloc, pvalloc.
    Memalign,
    /// operator new.
    New,
    /// operator new[].
    NewArray,
    /// operator new with an alignment.
    AlignedNew,
    /// operator new[] with an alignment.
    AlignedNewArray,
    /// Rust's global allocator.
    Rust,
}

impl Family {
    /// Every family, in the order of the numbers they stand for.
    pub const ALL: [Family; 7] = [
        Family::Malloc,
        Family::Memalign,
        Family::New,
        Family::NewArray,
        Family::AlignedNew,
        Family::AlignedNewArray,
        Family::Rust,
    ];

    /// The family with this number.
    pub fn from_index(index: u8) -> Family {
        Family::ALL.get(index as usize).copied().unwrap_or(Family::Malloc)
    }

    /// The name in a report file.
    pub const fn id(self) -> &'static str {
        match self {
            Family::Malloc => "malloc",
            Family::Memalign => "memalign",
            Family::New => "new",
            Family::NewArray => "new[]",
            Family::AlignedNew => "aligned new",
            Family::AlignedNewArray => "aligned new[]",
            Family::Rust => "rust",
        }
    }

    /// The function such a block comes from.
    pub const fn allocator(self) -> &'static str {
        match self {
            Family::Malloc => "malloc",
            Family::Memalign => "aligned_alloc",
            Family::New => "operator new",
            Family::NewArray => "operator new []",
            Family::AlignedNew => "operator new (aligned)",
            Family::AlignedNewArray => "operator new [] (aligned)",
            Family::Rust => "Rust's alloc",
        }
    }

    /// The function such a block goes back to.
    pub const fn releaser(self) -> &'static str {
        match self {
            Family::Malloc | Family::Memalign => "free",
            Family::New => "operator delete",
            Family::NewArray => "operator delete []",
            Family::AlignedNew => "operator delete (aligned)",
            Family::AlignedNewArray => "operator delete [] (aligned)",
            Family::Rust => "Rust's dealloc",
        }
    }
}

/// The names in a report file, in the order of the numbers, for debuggers.
pub static NAMES: &str = "malloc\0memalign\0new\0new[]\0aligned new\0aligned new[]\0rust\0\0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debuggers_read_the_same_names() {
        let names: Vec<&str> = NAMES.split('\0').collect();
        assert!(names.starts_with(&Family::ALL.map(Family::id)));
        assert_eq!(names[Family::ALL.len()..], ["", ""]);
    }
}
