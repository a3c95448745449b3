//! The kinds of errors. Their names are stable: programs and people match on them.

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Something was read or written behind a block.
    HeapBufferOverflow,
    /// Something was read or written in front of a block.
    HeapBufferUnderflow,
    /// A freed block was read or written.
    HeapUseAfterFree,
    /// A freed block was freed or resized again.
    DoubleFree,
    /// Something that is not the start of a block was freed.
    InvalidFree,
    /// The block was released by a function of another family than the one it came from.
    AllocDeallocMismatch,
    /// `delete` was told another size or alignment than `new`.
    NewDeleteTypeMismatch,
    /// A Rust `Layout`, or the size given to `free_sized`, is not that of the block.
    LayoutMismatch,
    /// A header is damaged, and nobody can be blamed for it.
    HeapCorruption,
    /// Reachable memory still points into a freed block.
    DanglingPointer,
    /// Nothing points to the block any more.
    Leak,
}

impl Kind {
    /// Every kind, in the order of the numbers they stand for.
    pub const ALL: [Kind; 11] = [
        Kind::HeapBufferOverflow,
        Kind::HeapBufferUnderflow,
        Kind::HeapUseAfterFree,
        Kind::DoubleFree,
        Kind::InvalidFree,
        Kind::AllocDeallocMismatch,
        Kind::NewDeleteTypeMismatch,
        Kind::LayoutMismatch,
        Kind::HeapCorruption,
        Kind::DanglingPointer,
        Kind::Leak,
    ];

    /// The stable name.
    pub const fn id(self) -> &'static str {
        match self {
            Kind::HeapBufferOverflow => "heap-buffer-overflow",
            Kind::HeapBufferUnderflow => "heap-buffer-underflow",
            Kind::HeapUseAfterFree => "heap-use-after-free",
            Kind::DoubleFree => "double-free",
            Kind::InvalidFree => "invalid-free",
            Kind::AllocDeallocMismatch => "alloc-dealloc-mismatch",
            Kind::NewDeleteTypeMismatch => "new-delete-type-mismatch",
            Kind::LayoutMismatch => "layout-mismatch",
            Kind::HeapCorruption => "heap-corruption",
            Kind::DanglingPointer => "dangling-pointer",
            Kind::Leak => "leak",
        }
    }

    /// Whether it is a state of memory that is no error yet.
    pub const fn is_finding(self) -> bool {
        matches!(self, Kind::DanglingPointer | Kind::Leak)
    }

    /// The kind of this name.
    pub fn named(name: &[u8]) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.id().as_bytes() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_lead_back_to_the_kind() {
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
            assert_eq!(Kind::named(kind.id().as_bytes()), Some(kind));
        }
        assert_eq!(Kind::named(b"Leak"), None);
    }
}
