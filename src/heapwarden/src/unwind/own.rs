//! Where the library's own code lies.

use super::modules;
use core::ops::Range;
use core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

static START: AtomicUsize = AtomicUsize::new(0);
/// 0 while nobody has looked.
static END: AtomicUsize = AtomicUsize::new(0);

/// The addresses of the library's code; empty if it is part of the program.
#[inline]
pub fn range() -> Range<usize> {
    // Acquire: pairs with the Release in `look`.
    match END.load(Acquire) {
        0 => look(),
        end => START.load(Relaxed)..end,
    }
}

#[cold]
fn look() -> Range<usize> {
    let range = match modules::locate(look as *const () as usize) {
        Some(found) if !found.is_program => found.range,
        _ => 1..1,
    };
    START.store(range.start, Relaxed);
    // Release: whoever sees the end sees the start.
    END.store(range.end, Release);
    range
}
