//! The threads of this process, as the kernel lists them, and what it says of one.
//!
//! Cost: three system calls per file read.

use core::ffi::CStr;
use heapwarden_core::os::syscall;

/// The list of all threads.
pub struct Tasks {
    directory: usize,
}

impl Tasks {
    /// `None` where /proc cannot be read.
    pub fn open() -> Option<Tasks> {
        let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
        open(libc::AT_FDCWD as usize, c"/proc/self/task", flags)
            .map(|directory| Tasks { directory })
    }

    /// Calls `visit` with the number of each thread.
    pub fn each(&self, visit: &mut dyn FnMut(u32)) {
        /// Where an entry's length and name are (struct linux_dirent64).
        const LENGTH: usize = 16;
        const NAME: usize = 19;
        let mut buffer = [0u64; 512];
        let bytes = size_of_val(&buffer);
        // SAFETY: goes to the start of our own directory.
        let _ = unsafe { syscall::call(libc::SYS_lseek, [self.directory, 0, 0, 0, 0, 0]) };
        loop {
            let into = [self.directory, buffer.as_mut_ptr() as usize, bytes, 0, 0, 0];
            // SAFETY: the kernel writes at most so many bytes.
            let Ok(filled @ 1..) = (unsafe { syscall::call(libc::SYS_getdents64, into) }) else {
                return;
            };
            // SAFETY: the buffer's bytes.
            let mut entries = unsafe {
                core::slice::from_raw_parts(buffer.as_ptr().cast::<u8>(), filled.min(bytes))
            };
            while let Some(&[low, high]) = entries.get(LENGTH..LENGTH + 2) {
                let length = usize::from(u16::from_ne_bytes([low, high]));
                if let Some(number) = entries.get(NAME..length).and_then(number) {
                    visit(number as u32);
                }
                entries = entries.get(length.max(NAME)..).unwrap_or(&[]);
            }
        }
    }

    /// What the kernel says of a thread: its state's letter. `None` when it has ended.
    pub fn state(&self, thread: u32) -> Option<u8> {
        let mut buffer = [0; 512];
        let text = self.read(thread, b"stat", &mut buffer)?;
        // "123 (name) S ..."; the name may hold anything.
        let end = text.iter().rposition(|byte| *byte == b')')?;
        text.get(end + 2).copied()
    }

    /// Whether a thread blocks `signal`.
    pub fn blocks(&self, thread: u32, signal: u32) -> bool {
        const FIELD: &[u8] = b"SigBlk:\t";
        let mut buffer = [0; 2048];
        let Some(text) = self.read(thread, b"status", &mut buffer) else { return false };
        let Some(at) = text.windows(FIELD.len()).position(|window| window == FIELD) else {
            return false;
        };
        let digits = text.get(at + FIELD.len()..).unwrap_or(&[]);
        hexadecimal(digits).is_some_and(|mask| mask & 1 << (signal - 1) != 0)
    }

    /// The system call that a thread sleeps in.
    pub fn system_call(&self, thread: u32) -> Option<SystemCall> {
        let mut buffer = [0; 256];
        let text = self.read(thread, b"syscall", &mut buffer)?;
        // "7 0x.. 0x.. 0x.. 0x.. 0x.. 0x.. sp pc", or "running".
        let mut words = text.split(|byte| *byte == b' ');
        let number = words.next().and_then(number)?;
        let mut next = || words.next().and_then(|word| hexadecimal(word.strip_prefix(b"0x")?));
        let mut arguments = [0; 6];
        for argument in &mut arguments {
            *argument = next()? as usize;
        }
        Some(SystemCall { number, arguments, sp: next()? as usize, pc: next()? as usize })
    }

    fn read<'a>(&self, thread: u32, file: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let mut path = [0u8; 32];
        let digits = crate::text::number(u64::from(thread));
        let parts = [digits.as_bytes(), b"/", file];
        let mut end = 0;
        for part in parts {
            path.get_mut(end..end + part.len())?.copy_from_slice(part);
            end += part.len();
        }
        let path = CStr::from_bytes_until_nul(&path).ok()?;
        let file = open(self.directory, path, libc::O_RDONLY | libc::O_CLOEXEC)?;
        let into = [file, buffer.as_mut_ptr() as usize, buffer.len(), 0, 0, 0];
        // SAFETY: the kernel writes at most so many bytes; the descriptor is ours.
        let filled = unsafe {
            let filled = syscall::call(libc::SYS_read, into);
            let _ = syscall::call(libc::SYS_close, [file, 0, 0, 0, 0, 0]);
            filled.ok()?
        };
        buffer.get(..filled)
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours.
        let _ = unsafe { syscall::call(libc::SYS_close, [self.directory, 0, 0, 0, 0, 0]) };
    }
}

/// A system call that has begun, with the state of its thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemCall {
    /// Which.
    pub number: u64,
    /// Its arguments.
    pub arguments: [usize; 6],
    /// The stack pointer.
    pub sp: usize,
    /// The address behind the instruction.
    pub pc: usize,
}

fn open(directory: usize, path: &CStr, flags: i32) -> Option<usize> {
    let arguments = [directory, path.as_ptr() as usize, flags as usize, 0, 0, 0];
    // SAFETY: the kernel reads a path that ends in NUL.
    unsafe { syscall::call(libc::SYS_openat, arguments) }.ok()
}

/// The decimal number that a text starts with.
fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    let mut value = None;
    for digit in digits {
        value = Some(value.unwrap_or(0u64).checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
    }
    value
}

/// The hexadecimal number that a text starts with.
fn hexadecimal(text: &[u8]) -> Option<u64> {
    let digits = text.iter().map_while(|byte| (*byte as char).to_digit(16));
    let mut value = None;
    for digit in digits {
        value = Some(value.unwrap_or(0u64).checked_mul(16)?.checked_add(u64::from(digit))?);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn own_number() -> u32 {
        // SAFETY: takes nothing.
        unsafe { libc::syscall(libc::SYS_gettid) as u32 }
    }

    #[test]
    fn a_sleeping_thread_is_listed_and_described() {
        let (tell, told) = channel();
        let (quit, wait) = channel::<()>();
        let sleeper = std::thread::spawn(move || {
            tell.send(own_number()).expect("somebody listens");
            let _ = wait.recv();
        });
        let number = told.recv().expect("a number");
        let tasks = Tasks::open().expect("/proc is there");
        let mut listed = Vec::new();
        tasks.each(&mut |thread| listed.push(thread));
        assert!(listed.contains(&number) && listed.contains(&own_number()));
        while tasks.state(number) != Some(b'S') {
            std::thread::yield_now();
        }
        let call = tasks.system_call(number).expect("it sleeps in a call");
        assert_eq!(call.number, libc::SYS_futex as u64);
        assert!(call.sp != 0 && call.pc != 0);
        assert!(!tasks.blocks(number, 10));
        drop(quit);
        sleeper.join().expect("it ends");
        assert_eq!(tasks.state(number), None);
    }

    #[test]
    fn numbers_are_read_up_to_what_is_none() {
        assert_eq!(number(b"120 x"), Some(120));
        assert_eq!(number(b"running\n"), None);
        assert_eq!(hexadecimal(b"fF\n"), Some(255));
        assert_eq!(hexadecimal(b"ffffffffffffffffff"), None);
    }
}
