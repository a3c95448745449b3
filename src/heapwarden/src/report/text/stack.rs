//! Stacks, in AddressSanitizer's shape: `    #0 0x... in function file:line`.

use super::place::stripped;
use super::sheet::{Sheet, pointer};
use crate::callsite::Stack;
use crate::report::Registers;
use crate::symbolize::Frame;
use crate::text::{Writer, hexadecimal, number};

/// Stacks are captured with a bounded depth; inlined frames come on top.
const FRAMES_MAX: usize = 512;

/// Which frames of a stack are shown.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    /// How many of the innermost are left out.
    pub skip: usize,
    /// How many are shown at most.
    pub frames_max: usize,
    /// Whether those that every thread begins with are shown.
    pub with_start: bool,
}

impl Extent {
    /// All of them.
    pub const WHOLE: Extent = Extent { skip: 0, frames_max: FRAMES_MAX, with_start: true };
}

impl Sheet<'_, '_> {
    /// Writes a stack, without the empty line behind it. The outermost frames of the Rust runtime
    /// are left out. `registers` are those of a fault, if the stack is that of one.
    pub fn stack(&mut self, frames: Stack<'_>, registers: Option<Registers>) {
        self.part_of_stack(frames, registers, Extent::WHOLE);
    }

    /// Writes a part of a stack.
    pub fn part_of_stack(
        &mut self,
        frames: Stack<'_>,
        registers: Option<Registers>,
        extent: Extent,
    ) {
        let (mut met, mut has_ended, mut door) = (0, false, Door::new());
        let Sheet { symbols, writer, style } = self;
        for (position, address) in frames.iter().enumerate() {
            let address = lookup_address(address, position, registers);
            symbols.frames(address, &mut |frame| {
                let skip = extent.skip.max(door.frames(frame));
                let written = met - skip.min(met);
                has_ended |= written >= extent.frames_max
                    || frame.function.is_some_and(|function| {
                        starts_rust_runtime(function)
                            || (written > 0 && !extent.with_start && starts_thread(function))
                    });
                if met >= skip && !has_ended {
                    write_frame(writer, frame, written, style.strip_path_prefix);
                }
                met += 1;
            });
            if has_ended {
                return;
            }
        }
    }
}

/// The innermost frames of a Rust program's stack, by which it came to the allocator. They say nothing
/// and are shown nowhere.
pub(crate) struct Door {
    frames: usize,
    has_ended: bool,
}

impl Door {
    /// Before the innermost frame.
    pub const fn new() -> Door {
        Door { frames: 0, has_ended: false }
    }

    /// How many such frames there are up to this one, which is the next.
    pub fn frames(&mut self, frame: &Frame<'_>) -> usize {
        self.has_ended |= !(frame.function.is_some_and(is_door) || frame.is_own());
        self.frames += usize::from(!self.has_ended);
        self.frames
    }

    /// Whether the next frame is one of them.
    pub fn takes(&mut self, frame: &Frame<'_>) -> bool {
        let before = self.frames;
        self.frames(frame) > before
    }
}

/// The functions of `GlobalAlloc`, and those that the compiler makes to call them. The command has this
/// library's name, too, and its demos are to be seen.
fn is_door(function: &str) -> bool {
    const ENTRIES: [&str; 4] =
        ["<heapwarden::global::", "heapwarden::global::", "__rustc::__rust_", "__rust_"];
    ENTRIES.iter().any(|entry| function.starts_with(entry))
}

/// The functions of libc that every thread begins with.
fn starts_thread(function: &str) -> bool {
    const STARTS: [&str; 7] = [
        "_start",
        "__libc_start_main",
        "__libc_start_main_impl",
        "__libc_start_call_main",
        "start_thread",
        "clone",
        "clone3",
    ];
    STARTS.contains(&function.split('@').next().unwrap_or(function))
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

fn write_frame(writer: &mut Writer<'_>, frame: &Frame<'_>, position: usize, prefix: &[u8]) {
    writer.text("    #").put(number(position as u64)).text(" ").put(pointer(frame.address));
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
