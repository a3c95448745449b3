//! Files of our own in a program that may close any descriptor and get its number for another
//! file: a number counts only as long as it still leads to the same file.

use core::ffi::CStr;
use core::mem::MaybeUninit;
use heapwarden_core::os::syscall;

/// Above the numbers that programs and shells choose for themselves.
const NUMBER_MIN: usize = 600;

/// An open descriptor, and what it leads to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    number: i32,
    identity: (u64, u64),
}

impl Kept {
    /// Opens a file for writing, or creates it for its owner alone: reports hold memory of the
    /// program. `flags` are added.
    pub fn open(path: &CStr, flags: i32) -> Option<Kept> {
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_CLOEXEC | libc::O_NOCTTY | flags;
        let directory = libc::AT_FDCWD as usize;
        let arguments = [directory, path.as_ptr().addr(), flags as usize, 0o600, 0, 0];
        // SAFETY: the kernel reads a path that ends with a NUL.
        let low = unsafe { syscall::call(libc::SYS_openat, arguments) }.ok()? as i32;
        let kept = Kept::duplicate(low);
        match kept {
            Some(_) => close(low),
            None => return Some(Kept { number: low, identity: identity(low)? }),
        }
        kept
    }

    /// A duplicate of an open descriptor that the program is unlikely to meet.
    pub fn duplicate(number: i32) -> Option<Kept> {
        let identity = identity(number)?;
        for lowest in [NUMBER_MIN, 3] {
            let command = libc::F_DUPFD_CLOEXEC as usize;
            // SAFETY: takes numbers only; the duplicate does not survive an exec.
            let answer = unsafe {
                syscall::call(libc::SYS_fcntl, [number as usize, command, lowest, 0, 0, 0])
            };
            if let Ok(duplicate) = answer {
                return Some(Kept { number: duplicate as i32, identity });
            }
        }
        None
    }

    /// The number, if it still leads to the same file.
    pub fn number(&self) -> Option<i32> {
        (identity(self.number) == Some(self.identity)).then_some(self.number)
    }

    /// Closes it, if it is still ours.
    pub fn close(self) {
        if let Some(number) = self.number() {
            close(number);
        }
    }
}

fn close(number: i32) {
    // SAFETY: a descriptor that this module opened.
    let _ = unsafe { syscall::call(libc::SYS_close, [number as usize, 0, 0, 0, 0, 0]) };
}

/// Which file a descriptor is open on; none if it is closed.
fn identity(number: i32) -> Option<(u64, u64)> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    let arguments = [number as usize, status.as_mut_ptr().addr(), 0, 0, 0, 0];
    // SAFETY: the kernel fills in `status`.
    unsafe { syscall::call(libc::SYS_fstat, arguments) }.ok()?;
    // SAFETY: the call succeeded.
    let status = unsafe { status.assume_init() };
    Some((status.st_dev, status.st_ino))
}

/// Whether a descriptor is open.
pub(super) fn is_open(number: i32) -> bool {
    identity(number).is_some()
}

/// Whether a descriptor is a terminal.
pub(super) fn is_terminal(number: i32) -> bool {
    let mut settings = MaybeUninit::<[u8; 256]>::uninit();
    let arguments = [number as usize, libc::TCGETS as usize, settings.as_mut_ptr().addr(), 0, 0, 0];
    // SAFETY: the kernel writes a termios, which is smaller than that.
    unsafe { syscall::call(libc::SYS_ioctl, arguments) }.is_ok()
}

/// Writes all of `bytes` at an offset of a file, without moving its position. Says whether it could.
pub(super) fn write_at(number: i32, mut bytes: &[u8], mut offset: u64) -> bool {
    while !bytes.is_empty() {
        let arguments =
            [number as usize, bytes.as_ptr().addr(), bytes.len(), offset as usize, 0, 0];
        // SAFETY: the kernel reads a live slice.
        match unsafe { syscall::call(libc::SYS_pwrite64, arguments) } {
            Err(libc::EINTR) => {}
            Ok(0) | Err(_) => return false,
            Ok(count) => {
                bytes = bytes.get(count..).unwrap_or(&[]);
                offset += count as u64;
            }
        }
    }
    true
}
