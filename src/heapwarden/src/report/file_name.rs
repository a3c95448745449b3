//! File names in options: `%p` stands for the process, and who is the first process of a tree.
//!
//! A value cannot hold the characters that separate options, so `%` and two digits of hexadecimal
//! stand for any byte, and `%%` for `%`. `heapwarden run --report` writes paths that way.

use super::process;
use crate::text::number;
use core::ffi::CStr;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The environment variable that says which process is the first of its tree: the one that
/// `heapwarden run` became. Its children inherit it and have another number.
pub const FIRST_PROCESS: &str = "HEAPWARDEN_FIRST_PROCESS";

/// The first process of the tree that this one belongs to; 0 when that is not known.
static FIRST: AtomicU32 = AtomicU32::new(0);

/// Whether `process` is the first of its tree. A process that nothing is known of is.
pub(super) fn is_first(process: u32) -> bool {
    let first = FIRST.load(Relaxed);
    first == 0 || first == process
}

/// Reads who is the first process. If nobody is yet, this one is, and its children are told, in case
/// they are to have a report file of their own. To be called at the start, when libc is ready.
pub(super) fn note_first_process(report_path: &[u8]) {
    if FIRST.load(Relaxed) != 0 {
        return;
    }
    let mut name = FileName::expand(FIRST_PROCESS.as_bytes(), 0);
    name.push(0);
    // SAFETY: a C string; the program has not started, so nobody changes the environment.
    let value = unsafe { libc::getenv(name.bytes.as_ptr().cast()) };
    if !value.is_null() {
        // SAFETY: libc's own string.
        let text = unsafe { CStr::from_ptr(value) }.to_str().unwrap_or("");
        FIRST.store(text.parse().unwrap_or(0), Relaxed);
        return;
    }
    let process = process::process_id();
    FIRST.store(process, Relaxed);
    if !report_path.is_empty() && !names_process(report_path) {
        let mut text = number(process.into());
        text.push(0);
        // SAFETY: two C strings, which libc copies.
        unsafe { libc::setenv(name.bytes.as_ptr().cast(), text.as_bytes().as_ptr().cast(), 1) };
    }
}

/// The kernel takes no longer ones.
const LENGTH_MAX: usize = 4096;

/// A path, as the kernel takes it.
pub(super) struct FileName {
    bytes: [u8; LENGTH_MAX],
    length: usize,
}

impl FileName {
    /// The file that `pattern` names for `process`.
    pub fn expand(pattern: &[u8], process: u32) -> FileName {
        let mut name = FileName { bytes: [0; LENGTH_MAX], length: 0 };
        let mut rest = pattern;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if byte != b'%' {
                name.push(byte);
                continue;
            }
            match *after {
                [b'p', ref after @ ..] => {
                    name.append(number(process.into()).as_bytes());
                    rest = after;
                }
                [b'%', ref after @ ..] => {
                    name.push(b'%');
                    rest = after;
                }
                [high, low, ref after @ ..] if digit(high).is_some() && digit(low).is_some() => {
                    name.push(digit(high).unwrap_or(0) << 4 | digit(low).unwrap_or(0));
                    rest = after;
                }
                _ => name.push(b'%'),
            }
        }
        name
    }

    /// The same with `.PID` behind it.
    pub fn of_process(mut self, process: u32) -> FileName {
        self.push(b'.');
        self.append(number(process.into()).as_bytes());
        self
    }

    /// Whether it starts at the root.
    pub fn is_absolute(&self) -> bool {
        self.bytes.starts_with(b"/")
    }

    /// The same inside of a folder.
    pub fn inside(&self, folder: &[u8]) -> FileName {
        let mut name = FileName { bytes: [0; LENGTH_MAX], length: 0 };
        name.append(folder);
        name.push(b'/');
        name.append(self.bytes.get(..self.length).unwrap_or(&[]));
        name
    }

    /// The path; none if it was too long.
    pub fn as_c_string(&self) -> Option<&CStr> {
        CStr::from_bytes_until_nul(&self.bytes).ok()
    }

    fn push(&mut self, byte: u8) {
        // One more than fits shows that it did not, by the missing NUL.
        if let Some(cell) = self.bytes.get_mut(self.length) {
            *cell = byte;
            self.length += 1;
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.push(*byte));
    }
}

/// Whether the processes of a tree get files of their own by the pattern itself.
pub(super) fn names_process(pattern: &[u8]) -> bool {
    let mut rest = pattern;
    while let Some(position) = rest.iter().position(|byte| *byte == b'%') {
        match rest.get(position + 1) {
            Some(b'p') => return true,
            _ => rest = rest.get(position + 2..).unwrap_or(&[]),
        }
    }
    false
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(pattern: &str) -> String {
        let name = FileName::expand(pattern.as_bytes(), 42);
        name.as_c_string().expect("short enough").to_str().expect("UTF-8").to_owned()
    }

    #[test]
    fn percent_signs_stand_for_the_process_and_for_bytes() {
        assert_eq!(expanded("/tmp/r.%p.json"), "/tmp/r.42.json");
        assert_eq!(expanded("a%3ab%20c%%p"), "a:b c%p");
        assert_eq!(expanded("100%"), "100%");
        assert_eq!(expanded("%zz%4"), "%zz%4");
    }

    #[test]
    fn only_a_real_percent_p_names_the_process() {
        assert!(names_process(b"x%p"));
        assert!(!names_process(b"x%%p"));
        assert!(!names_process(b"x"));
        assert!(!names_process(b"p%"));
    }

    #[test]
    fn what_is_too_long_is_no_path() {
        assert!(FileName::expand(&[b'x'; 4095], 1).as_c_string().is_some());
        assert!(FileName::expand(&[b'x'; 4096], 1).as_c_string().is_none());
    }
}
