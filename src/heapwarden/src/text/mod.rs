//! Text without an allocation: numbers become short [`Piece`]s on the stack, a [`Writer`] gathers
//! pieces into lines, and a [`Sink`] takes whole buffers away (a file descriptor, a `FILE`).
//!
//! `core::fmt` is kept out: its padding and its `dyn` arguments cost kilobytes of stack and a
//! dependency on code that may panic, and this runs inside malloc and at the end of `exit`.

mod number;
mod piece;
mod sink;
mod writer;

pub use number::{bytes, decimal, hexadecimal, number, percent};
pub use piece::Piece;
pub use sink::{Descriptor, Sink, Stream};
pub use writer::Writer;

/// Writes `parts` as one line to standard error: `heapwarden: ` and what follows.
pub fn complain(parts: &[&[u8]]) {
    let mut sink = Descriptor::stderr();
    let mut writer = Writer::new(&mut sink);
    writer.text("heapwarden: ");
    for part in parts {
        writer.raw(part);
    }
    writer.end_line();
}
