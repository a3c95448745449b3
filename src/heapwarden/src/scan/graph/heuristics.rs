//! Pointers into the middle of a block that are as good as one to its start.
//!
//! Compilers and libraries keep such pointers as the only ones: behind the counters of an `Rc`, behind
//! the count of a C++ array, to the second base class of an object. The rules but the first are
//! Memcheck's (`--leak-check-heuristics=all`). Each wants evidence in the block itself; a chance match
//! turns a possible leak into a reachable block, so it hides a leak but never invents one.

use super::Node;
use super::node::{WORD, read};

/// More references than this nobody holds.
const COUNTER_MAX: usize = 1 << 32;
/// No table of a module lies below.
const PAGE: usize = 4096;

/// Whether `word`, which points into `node` behind its start, counts as a pointer to the start.
/// `is_vtable` tells whether an address can be that of a C++ table of virtual functions.
#[cold]
pub fn counts_as_start(node: &Node, word: usize, is_vtable: &dyn Fn(usize) -> bool) -> bool {
    let offset = word - node.start;
    if offset == 0
        || node.is_opaque()
        || !node.start.is_multiple_of(WORD)
        || !offset.is_multiple_of(WORD)
    {
        return false;
    }
    let header = |index: usize| {
        debug_assert!((index + 1) * WORD <= offset);
        // SAFETY: an aligned word of the block that ends before `word`, and blocks are readable.
        unsafe { read(node.start + index * WORD) }
    };
    let rest = node.size - offset;
    match offset / WORD {
        1 => is_array(header(0), rest) || header(0) == rest || is_base(node, word, is_vtable),
        // The count stands right before the first element, which is aligned to 16.
        2 => {
            is_reference_count(header(0), header(1))
                || (is_array(header(1), rest) && (rest / header(1)).is_multiple_of(2 * WORD))
                || is_base(node, word, is_vtable)
        }
        3 => is_string(header(0), header(1), rest) || is_base(node, word, is_vtable),
        _ => is_base(node, word, is_vtable),
    }
}

/// Rust's `Rc` and `Arc`: strong and weak counter, then the value, which `into_raw` points to.
fn is_reference_count(strong: usize, weak: usize) -> bool {
    (1..=COUNTER_MAX).contains(&strong) && (1..=COUNTER_MAX).contains(&weak)
}

/// `new T[count]` with destructors: the count, then the elements.
fn is_array(count: usize, bytes: usize) -> bool {
    count > 0 && bytes.is_multiple_of(count)
}

/// libstdc++'s old string: length, capacity, references, then the text and a NUL.
fn is_string(length: usize, capacity: usize, bytes: usize) -> bool {
    length <= capacity && capacity.checked_add(1) == Some(bytes)
}

/// A base class other than the first: it has a table of virtual functions of its own, and so has the
/// object at its start.
fn is_base(node: &Node, word: usize, is_vtable: &dyn Fn(usize) -> bool) -> bool {
    if word + WORD > node.start + node.size {
        return false;
    }
    let is_table = |at: usize| {
        // SAFETY: both are aligned (see `counts_as_start`) and end within the block.
        let value = unsafe { read(at) };
        value >= PAGE && value.is_multiple_of(WORD) && is_vtable(value)
    };
    is_table(word) && is_table(node.start)
}
