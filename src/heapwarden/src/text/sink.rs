//! Where text goes. A sink takes what it can and never fails: there is nobody to tell.

use core::ffi::c_int;
use heapwarden_core::os::write_all;

/// Takes portions of text.
pub trait Sink {
    /// Takes all of `text`.
    fn take(&mut self, text: &[u8]);
}

/// An open file descriptor, written to by the plain system call; errno is kept.
pub struct Descriptor {
    number: c_int,
}

impl Descriptor {
    /// Standard error.
    pub const fn stderr() -> Descriptor {
        Descriptor::new(2)
    }

    /// A descriptor by its number.
    pub const fn new(number: c_int) -> Descriptor {
        Descriptor { number }
    }
}

impl Sink for Descriptor {
    fn take(&mut self, text: &[u8]) {
        write_all(self.number, text);
    }
}

/// A stdio stream.
pub struct Stream {
    file: *mut libc::FILE,
}

impl Stream {
    /// A stream by its pointer.
    ///
    /// # Safety
    /// `file` is an open stream, and stays open as long as this is used.
    pub unsafe fn new(file: *mut libc::FILE) -> Stream {
        Stream { file }
    }
}

impl Sink for Stream {
    fn take(&mut self, text: &[u8]) {
        // SAFETY: the range is that of `text`; the stream is open by the promise of `Stream::new`.
        unsafe { libc::fwrite(text.as_ptr().cast(), 1, text.len(), self.file) };
    }
}

#[cfg(test)]
impl Sink for Vec<u8> {
    fn take(&mut self, text: &[u8]) {
        self.extend_from_slice(text);
    }
}
