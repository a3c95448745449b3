//! Files: read in portions, or mapped whole. Raw system calls, so that errno and interposed
//! functions of the program are left alone.

use core::ffi::CStr;
use heapwarden_core::os::{page_round, syscall};

/// Opens a file for reading. The descriptor has to be closed.
fn open(path: &CStr) -> Option<usize> {
    let directory = libc::AT_FDCWD as usize;
    // A path may name a pipe by now, and opening that for reading would wait for a writer.
    let flags = (libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NOCTTY | libc::O_NONBLOCK) as usize;
    let arguments = [directory, path.as_ptr().addr(), flags, 0, 0, 0];
    // SAFETY: the kernel reads a path that ends with a NUL.
    unsafe { syscall::call(libc::SYS_openat, arguments) }.ok()
}

fn close(file: usize) {
    // SAFETY: opened by `open`, and not used afterwards.
    let _ = unsafe { syscall::call(libc::SYS_close, [file, 0, 0, 0, 0, 0]) };
}

/// Reads a file and hands its bytes over in portions. Nothing is handed over of what cannot be
/// opened, which the answer is about, or read.
pub(crate) fn read_file(path: &CStr, visit: &mut dyn FnMut(&[u8])) -> bool {
    /// More than any file of /proc that is read; a bound for what a path may lead to.
    const PORTIONS_MAX: usize = 1 << 16;
    let Some(file) = open(path) else { return false };
    let mut portion = [0u8; 4096];
    for _ in 0..PORTIONS_MAX {
        let into = [file, portion.as_mut_ptr().addr(), portion.len(), 0, 0, 0];
        // SAFETY: the kernel writes to `portion` only, at most its length.
        match unsafe { syscall::call(libc::SYS_read, into) } {
            Err(libc::EINTR) => {}
            Ok(0) | Err(_) => break,
            Ok(length) => visit(portion.get(..length).unwrap_or(&[])),
        }
    }
    close(file);
    true
}

/// A file that is mapped for reading as long as this lives.
pub(super) struct Mapped {
    address: usize,
    length: usize,
}

impl Mapped {
    /// Maps a regular file that is not empty.
    pub fn open(path: &CStr) -> Option<Mapped> {
        let file = open(path)?;
        let mapped = regular_size(file).and_then(|length| {
            let protection = libc::PROT_READ as usize;
            let flags = libc::MAP_PRIVATE as usize;
            let arguments = [0, length, protection, flags, file, 0];
            // SAFETY: without MAP_FIXED a new mapping cannot replace memory that is in use.
            let answer = unsafe { syscall::call(libc::SYS_mmap, arguments) };
            answer.ok().map(|address| Mapped { address, length })
        });
        close(file);
        mapped
    }

    /// The contents.
    ///
    /// # Safety
    /// The slice is not used any more when `self` is dropped.
    pub unsafe fn bytes(&self) -> &'static [u8] {
        // SAFETY: the mapping is readable and that long. If somebody writes to the file at the same
        // time its bytes change, which readers of damaged files bear; if somebody shortens it, the
        // access faults, which ends the symbolizing and not the report (see `report`).
        unsafe { core::slice::from_raw_parts(self.address as *const u8, self.length) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        let arguments = [self.address, page_round(self.length), 0, 0, 0, 0];
        // SAFETY: mapped by `open`; nobody uses it, as promised to `bytes`.
        let _ = unsafe { syscall::call(libc::SYS_munmap, arguments) };
    }
}

/// The size of a regular file that is not empty.
fn regular_size(file: usize) -> Option<usize> {
    let mut status = core::mem::MaybeUninit::<libc::stat>::uninit();
    let arguments = [file, status.as_mut_ptr().addr(), 0, 0, 0, 0];
    // SAFETY: the kernel fills in `status`.
    unsafe { syscall::call(libc::SYS_fstat, arguments) }.ok()?;
    // SAFETY: the call succeeded.
    let status = unsafe { status.assume_init() };
    let regular = status.st_mode & libc::S_IFMT == libc::S_IFREG;
    usize::try_from(status.st_size).ok().filter(|size| regular && *size > 0)
}
