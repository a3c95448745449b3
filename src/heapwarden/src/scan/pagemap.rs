//! Which pages of a mapping hold anything: those that are present or swapped out. A page that was
//! never touched is neither, and a look at it would make it present.
//!
//! Cost: a system call per 2 MiB. Where the file cannot be read, every page counts.

use crate::sandbox;
use core::ops::Range;
use heapwarden_core::os::{PAGE, syscall};

/// Pages that one read tells of.
const PAGES_AT_ONCE: usize = 512;
/// Present, or swapped out.
const USED: u64 = 3 << 62;
/// Nothing fills mappings of more than this.
const BYTES_MAX: usize = 1 << 40;

/// The open file, if it could be opened.
pub struct Pagemap(Option<usize>);

impl Pagemap {
    /// This process's, where to open it cannot end the program.
    pub fn open() -> Pagemap {
        if sandbox::is_entered() {
            return Pagemap(None);
        }
        let path = c"/proc/self/pagemap".as_ptr() as usize;
        let flags = (libc::O_RDONLY | libc::O_CLOEXEC) as usize;
        let arguments = [libc::AT_FDCWD as usize, path, flags, 0, 0, 0];
        // SAFETY: the kernel reads a path that ends with a NUL.
        Pagemap(unsafe { syscall::call(libc::SYS_openat, arguments) }.ok())
    }

    /// Calls `visit` with each stretch of `range` that holds anything.
    pub fn used(&self, range: Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
        if range.len() > BYTES_MAX {
            return;
        }
        let mut hand_over = |pages: &Range<usize>| {
            let part = pages.start.max(range.start)..pages.end.min(range.end);
            if part.start < part.end {
                visit(part);
            }
        };
        let mut entries = [0u64; PAGES_AT_ONCE];
        let mut page = range.start & !(PAGE - 1);
        let mut pending = page..page;
        while page < range.end {
            let pages = (range.end - page).div_ceil(PAGE).min(PAGES_AT_ONCE);
            let known = self.read(page, &mut entries[..pages]);
            for entry in &entries[..pages] {
                if known && entry & USED == 0 {
                    hand_over(&pending);
                    pending = page + PAGE..page + PAGE;
                } else {
                    pending.end = page + PAGE;
                }
                page += PAGE;
            }
        }
        hand_over(&pending);
    }

    fn read(&self, page: usize, entries: &mut [u64]) -> bool {
        let Some(file) = self.0 else { return false };
        let bytes = size_of_val(entries);
        let offset = page / PAGE * size_of::<u64>();
        let arguments = [file, entries.as_mut_ptr() as usize, bytes, offset, 0, 0];
        // SAFETY: the kernel writes to a live slice of so many bytes.
        let answer = unsafe { syscall::call(libc::SYS_pread64, arguments) };
        answer == Ok(bytes)
    }
}

impl Drop for Pagemap {
    fn drop(&mut self) {
        if let Some(file) = self.0 {
            // SAFETY: opened by `open`, and not used afterwards.
            let _ = unsafe { syscall::call(libc::SYS_close, [file, 0, 0, 0, 0, 0]) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapwarden_core::os::mapping;

    #[test]
    fn only_pages_that_were_touched_are_used() {
        const PAGES: usize = 1000;
        let start = mapping::map(PAGES * PAGE).expect("memory");
        for page in [0, 3, 4, 700, PAGES - 1] {
            // SAFETY: in the mapping.
            unsafe { ((start + page * PAGE) as *mut u8).write_volatile(1) };
        }
        let found = |pagemap: &Pagemap| {
            let mut found = Vec::new();
            pagemap.used(start..start + PAGES * PAGE, &mut |range| {
                found.push(((range.start - start) / PAGE, (range.end - start) / PAGE));
            });
            found
        };
        assert_eq!(found(&Pagemap::open()), [(0, 1), (3, 5), (700, 701), (PAGES - 1, PAGES)]);
        assert_eq!(found(&Pagemap(None)), [(0, PAGES)]);
        let part = start + 3 * PAGE + 8..start + 4 * PAGE + 8;
        let mut parts = Vec::new();
        Pagemap::open().used(part.clone(), &mut |range| parts.push(range));
        assert_eq!(parts, [part], "what starts or ends within a page stays as it is");
        // SAFETY: mapped above.
        unsafe { mapping::unmap(start, PAGES * PAGE) };
    }
}
