//! A program with a bug of each kind: what `heapwarden demo` shows.
//!
//! The bugs are real. They are calls of libc in unsafe Rust, in functions whose names tell the story
//! in the report's stacks; `black_box` keeps the compiler from seeing through them.

mod access;
mod release;

use heapwarden::report::Kind;

/// One of them.
pub struct Demo {
    /// What it does.
    pub what: &'static str,
    /// Does it.
    pub make: fn(),
}

/// The demo of a kind; `None` where the detection is not there yet.
pub fn of(kind: Kind) -> Option<Demo> {
    let (what, make): (_, fn()) = match kind {
        Kind::HeapBufferOverflow => {
            ("copies 9 bytes into a block of 8, then frees it", access::overflow)
        }
        Kind::HeapBufferUnderflow => {
            ("writes to index -1 of a block, then frees it", access::underflow)
        }
        Kind::HeapUseAfterFree => {
            ("writes to a block after it was freed, then ends", access::use_after_free)
        }
        Kind::DoubleFree => ("frees a block twice", release::double_free),
        Kind::InvalidFree => ("frees an address inside of a block", release::invalid_free),
        Kind::AllocDeallocMismatch => {
            ("gives a block from malloc to operator delete", release::mismatch)
        }
        Kind::NewDeleteTypeMismatch => {
            ("deletes an object of 24 bytes as one of 16", release::delete_with_wrong_size)
        }
        Kind::LayoutMismatch => {
            ("gives back 24 bytes and says that it is 32", release::free_with_wrong_size)
        }
        Kind::HeapCorruption => {
            ("overwrites the whole header before a block, then frees it", access::corruption)
        }
        Kind::DanglingPointer | Kind::Leak => return None,
    };
    Some(Demo { what, make })
}
