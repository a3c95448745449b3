//! Stacks, in AddressSanitizer's shape: `    #0 0x... in function file:line`.

use super::place::stripped;
use super::sheet::{Sheet, pointer};
use crate::report::Registers;
use crate::symbolize::Frame;
use crate::text::{Writer, hexadecimal, number};

/// Stacks are captured with a bounded depth; inlined frames come on top.
const FRAMES_MAX: u32 = 512;

impl Sheet<'_, '_> {
    /// Writes a stack, without the empty line behind it. The outermost frames of the Rust runtime
    /// are left out. `registers` are those of a fault, if the stack is that of one.
    pub fn stack(&mut self, frames: &[usize], registers: Option<Registers>) {
        let (mut written, mut is_runtime) = (0, false);
        let Sheet { symbols, writer, style } = self;
        for (position, address) in frames.iter().enumerate() {
            let address = lookup_address(*address, position, registers);
            symbols.frames(address, &mut |frame| {
                is_runtime |= frame.function.is_some_and(starts_rust_runtime);
                if written < FRAMES_MAX && !is_runtime {
                    write_frame(writer, frame, written, style.strip_path_prefix);
                    written += 1;
                }
            });
            if is_runtime || written >= FRAMES_MAX {
                return;
            }
        }
    }
}

/// What lies outside of these calls is std's runtime: the start of a thread, `lang_start`.
pub fn starts_rust_runtime(function: &str) -> bool {
    function.contains("__rust_begin_short_backtrace")
}

/// The address to explain: inside the call for a return address, as it is for a fault.
pub(crate) fn lookup_address(
    address: usize,
    position: usize,
    registers: Option<Registers>,
) -> usize {
    let is_fault = position == 0 && registers.is_some_and(|registers| registers.pc == address);
    if is_fault { address } else { address.saturating_sub(1) }
}

fn write_frame(writer: &mut Writer<'_>, frame: &Frame<'_>, position: u32, prefix: &[u8]) {
    writer.text("    #").put(number(position.into())).text(" ").put(pointer(frame.address));
    if let Some(function) = frame.function {
        writer.text(" in ").text(function);
    }
    writer.text(" ");
    if frame.function.is_none() && frame.file.is_none() {
        // Two blanks: tools tell a missing function by them.
        writer.text(" ");
    }
    location(writer, frame, prefix);
    if frame.function.is_none() && !frame.build_id.is_empty() {
        writer.text(" (BuildId: ");
        frame.build_id.iter().for_each(|byte| hex_byte(writer, *byte));
        writer.text(")");
    }
    writer.end_line();
}

/// `file:line`, else `(module+0xoffset)`.
pub(super) fn location(writer: &mut Writer<'_>, frame: &Frame<'_>, prefix: &[u8]) {
    match (frame.file, frame.module) {
        (Some(file), _) => {
            writer.raw(stripped(file.as_bytes(), prefix));
            if let Some(line) = frame.line {
                writer.text(":").put(number(line.into()));
            }
        }
        (None, Some(module)) => {
            writer.text("(").raw(stripped(module, prefix)).text("+");
            writer.put(hexadecimal(frame.offset as u64)).text(")");
        }
        (None, None) => {
            writer.text("(<unknown module>)");
        }
    }
}

/// Two digits.
fn hex_byte(writer: &mut Writer<'_>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    writer.raw(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}
