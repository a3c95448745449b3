//! How many blocks were guarded, how many could not be, and the one notice of that.

use crate::text;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

static GUARDED: AtomicU64 = AtomicU64::new(0);
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// Blocks that were to have guard pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// That many got them.
    pub guarded: u64,
    /// That many got canaries only.
    pub refused: u64,
}

/// The counts so far.
pub fn counts() -> Counts {
    Counts { guarded: GUARDED.load(Relaxed), refused: REFUSED.load(Relaxed) }
}

/// A block was guarded.
pub fn note_guarded() {
    GUARDED.fetch_add(1, Relaxed);
}

/// A block could not be guarded; the first time it is told.
#[cold]
pub fn tell() {
    if REFUSED.fetch_add(1, Relaxed) == 0 {
        text::complain(&[
            b"guard pages are short (of mappings, memory or address space): further blocks get \
              canaries only",
        ]);
    }
}
