//! The words of a report: ours, or those of AddressSanitizer for tools that insist on its name.
//!
//! AFL++, honggfuzz, CASR and ClusterFuzz recognise reports by exact texts. With `dialect=asan`
//! the banner, the names of the kinds and the sentences are the ones that those tools know; the
//! shapes of the lines are the same in both dialects.

use super::Kind;

/// Whose words a report uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Our own.
    Heapwarden,
    /// AddressSanitizer's.
    Asan,
}

impl Dialect {
    /// Who reports.
    pub const fn banner(self) -> &'static str {
        match self {
            Dialect::Heapwarden => "Heapwarden",
            Dialect::Asan => "AddressSanitizer",
        }
    }

    /// The kind as the first line names it. AddressSanitizer knows fewer kinds than we do.
    pub const fn kind(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Dialect::Asan, Kind::HeapBufferUnderflow) => Kind::HeapBufferOverflow.id(),
            (Dialect::Asan, Kind::LayoutMismatch) => Kind::NewDeleteTypeMismatch.id(),
            (Dialect::Asan, Kind::HeapCorruption) => "unknown-crash",
            _ => kind.id(),
        }
    }

    /// The kind as the summary names it.
    pub const fn summary(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Dialect::Asan, Kind::InvalidFree) => "bad-free",
            _ => self.kind(kind),
        }
    }
}

/// How much a text report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// All that is known, with stacks.
    Full,
    /// One line.
    Line,
}

/// Whether a text report is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// When it goes to a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
