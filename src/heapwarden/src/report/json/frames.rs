//! Stacks as lists of frames: everything that is known, nothing left out for brevity.

use super::object::Open;
use crate::callsite::Stack;
use crate::report::Registers;
use crate::report::text::{Door, lookup_address};
use crate::symbolize::{Frame, Symbolizer};
use crate::text::Writer;

/// Writes a stack, if there is one, as the field `name`.
pub(super) fn stack(
    object: &mut Open,
    writer: &mut Writer<'_>,
    symbols: &mut dyn Symbolizer,
    name: &str,
    frames: Stack<'_>,
    registers: Option<Registers>,
) {
    if frames.is_empty() {
        return;
    }
    object.field(writer, name);
    let (mut list, mut door) = (Open::list(writer), Door::new());
    for (position, address) in frames.iter().enumerate() {
        let address = lookup_address(address, position, registers);
        symbols.frames(address, &mut |found| {
            if !door.takes(found) {
                list.next(writer);
                frame(writer, found);
            }
        });
    }
    list.end(writer);
}

fn frame(writer: &mut Writer<'_>, found: &Frame<'_>) {
    let mut object = Open::object(writer);
    object.address(writer, "address", found.address);
    if let Some(function) = found.function {
        object.text(writer, "function", function.as_bytes());
    }
    if let Some(file) = found.file {
        object.text(writer, "file", file.as_bytes());
    }
    if let Some(line) = found.line {
        object.number(writer, "line", line.into());
    }
    if let Some(module) = found.module {
        object.text(writer, "module", module);
        object.address(writer, "offset", found.offset);
    }
    if found.inlined {
        object.field(writer, "inlined");
        writer.text("true");
    }
    object.end(writer);
}
