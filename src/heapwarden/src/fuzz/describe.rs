//! Names for addresses, as a fuzzer asks for them.

use crate::report::{self, text::lookup_address};
use crate::symbolize::Frame;
use crate::text::{Piece, hexadecimal, number};
use crate::unwind;

/// The most frames that are printed.
const FRAMES_MAX: usize = 64;

/// Prints the stack of the caller where reports go.
#[inline(never)]
pub fn print_stack() {
    let mut frames = [0usize; FRAMES_MAX];
    let count = unwind::capture(&mut frames);
    report::deliver_stack(&frames[..count]);
}

/// Text that ends where its room ends; one byte is kept for a zero.
struct Room<'a> {
    bytes: &'a mut [u8],
    filled: usize,
}

impl Room<'_> {
    fn raw(&mut self, text: &[u8]) -> &mut Self {
        for byte in text {
            if self.filled + 1 < self.bytes.len() {
                self.bytes[self.filled] = *byte;
                self.filled += 1;
            }
        }
        self
    }

    fn put(&mut self, piece: Piece) -> &mut Self {
        self.raw(piece.as_bytes())
    }
}

/// Writes what is known of the code before the return address `pc` to `out`, as `format` says, and a
/// zero behind it; for every inlined function once more, with a zero in between.
///
/// The formats are the sanitizers': `%n` the frame's number, `%p` the address, `%m` the module, `%o`
/// the offset in it, `%f` the function, `%s` the file, `%l` the line, `%F` "in FUNCTION", `%S`
/// "FILE:LINE", `%L` the same or "(MODULE+OFFSET)", `%M` the latter. Columns are not known.
pub fn symbolize(pc: usize, format: &[u8], out: &mut [u8]) {
    let [first, ..] = out else { return };
    *first = 0;
    let address = lookup_address(pc, 1, None);
    let mut filled = 0;
    report::with_names(&mut |symbols| {
        filled = 0;
        let mut position = 0;
        symbols.frames(address, &mut |frame| {
            let mut room = Room { bytes: out.get_mut(filled..).unwrap_or(&mut []), filled: 0 };
            describe(frame, position, format, &mut room);
            let end = room.filled;
            if let Some(last) = room.bytes.get_mut(end) {
                *last = 0;
                filled += end + 1;
            }
            position += 1;
        });
    });
    // A second zero ends the list.
    if let Some(last) = out.get_mut(filled) {
        *last = 0;
    }
}

fn describe(frame: &Frame<'_>, position: u64, format: &[u8], out: &mut Room<'_>) {
    let mut rest = format.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'%' {
            out.raw(&[*byte]);
            continue;
        }
        let function = frame.function.unwrap_or("").as_bytes();
        match rest.next() {
            Some(b'n') => out.put(number(position)),
            Some(b'p') => out.put(hexadecimal(frame.address as u64)),
            Some(b'm') => out.raw(frame.module.unwrap_or(b"")),
            Some(b'o') => out.put(hexadecimal(frame.offset as u64)),
            Some(b'f') => out.raw(function),
            Some(b's') => out.raw(frame.file.unwrap_or("").as_bytes()),
            Some(b'l') => out.put(number(frame.line.unwrap_or(0).into())),
            Some(b'c') => out.put(number(0)),
            Some(b'F') if function.is_empty() => out,
            Some(b'F') => out.raw(b"in ").raw(function),
            Some(b'S') => source(frame, out),
            Some(b'L') if frame.file.is_some() => source(frame, out),
            Some(b'L' | b'M') => module(frame, out),
            Some(other) => out.raw(&[*other]),
            None => out,
        };
    }
}

fn source<'a, 'b>(frame: &Frame<'_>, out: &'a mut Room<'b>) -> &'a mut Room<'b> {
    out.raw(frame.file.unwrap_or("").as_bytes());
    match frame.line {
        Some(line) => out.raw(b":").put(number(line.into())),
        None => out,
    }
}

fn module<'a, 'b>(frame: &Frame<'_>, out: &'a mut Room<'b>) -> &'a mut Room<'b> {
    match frame.module {
        Some(module) => {
            out.raw(b"(").raw(module).raw(b"+");
            out.put(hexadecimal(frame.offset as u64)).raw(b")")
        }
        None => out.raw(b"(<unknown module>)"),
    }
}

/// The path of the module that `pc` lies in, written to `path` with a zero behind it, and the offset
/// in it.
pub fn module_and_offset(pc: usize, path: &mut [u8]) -> Option<usize> {
    let mut found = None;
    report::with_names(&mut |symbols| {
        symbols.frames(pc, &mut |frame| {
            if let Some(module) = frame.module {
                let mut room = Room { bytes: path, filled: 0 };
                room.raw(module);
                let end = room.filled;
                if let Some(last) = room.bytes.get_mut(end) {
                    *last = 0;
                }
                found = Some(frame.offset);
            }
        });
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'_> = Frame {
        address: 0x1234,
        function: Some("parse"),
        file: Some("src/parse.c"),
        line: Some(7),
        module: Some(b"/bin/target"),
        offset: 0x34,
        build_id: &[],
        inlined: false,
    };

    fn described(frame: &Frame<'_>, format: &str) -> String {
        let mut bytes = [0; 64];
        let mut room = Room { bytes: &mut bytes, filled: 0 };
        describe(frame, 3, format.as_bytes(), &mut room);
        let filled = room.filled;
        String::from_utf8(bytes[..filled].to_vec()).expect("text")
    }

    #[test]
    fn formats_are_those_of_the_sanitizers() {
        assert_eq!(described(&FRAME, "%p %F %L"), "0x1234 in parse src/parse.c:7");
        assert_eq!(described(&FRAME, "#%n %f %s:%l:%c"), "#3 parse src/parse.c:7:0");
        assert_eq!(described(&FRAME, "%m|%o|%M|100%%"), "/bin/target|0x34|(/bin/target+0x34)|100%");
        let bare = Frame { function: None, file: None, line: None, ..FRAME };
        assert_eq!(described(&bare, "%p%F %L"), "0x1234 (/bin/target+0x34)");
        assert_eq!(described(&Frame::default(), "%L%"), "(<unknown module>)");
    }

    #[test]
    fn what_is_too_long_ends_in_the_room_with_a_zero() {
        let mut bytes = [b'x'; 8];
        symbolize(
            what_is_too_long_ends_in_the_room_with_a_zero as *const () as usize + 1,
            b"%f",
            &mut bytes,
        );
        assert_eq!(bytes[7], 0);
        assert!(bytes[0] != b'x');
        symbolize(0, b"%p", &mut []);
    }
}
