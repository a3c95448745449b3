//! Pages that must not be touched: any access faults, and their contents are gone.
//!
//! Since Linux 6.13 a page can be marked in the page tables alone ([`install`]). That splits no
//! mapping, so there is no limit to how many there are. The old way, by protection, costs a mapping
//! or two for each stretch; [`super::mapping::seal`] is that one.
//! Cost: a system call and, for a page that was in use, its release; about a microsecond.

use super::syscall;

const MADV_GUARD_INSTALL: usize = 102;
const MADV_GUARD_REMOVE: usize = 103;

/// Marks pages as guards. False when this kernel has no such thing, when the mapping is locked into
/// memory, or without memory for a page table: some of the pages may be marked then.
///
/// # Safety
/// The range was mapped by [`super::mapping`], and nobody may use it until the marks are removed.
pub unsafe fn install(address: usize, bytes: usize) -> bool {
    advise(address, bytes, MADV_GUARD_INSTALL)
}

/// Removes the marks; the pages read as zero if they were marked. False when the kernel refuses.
pub fn remove(address: usize, bytes: usize) -> bool {
    advise(address, bytes, MADV_GUARD_REMOVE)
}

fn advise(address: usize, bytes: usize, advice: usize) -> bool {
    if bytes == 0 {
        return true;
    }
    // SAFETY: what the pages hold is lost, which the callers of `install` promise is nobody's.
    unsafe { syscall::call(libc::SYS_madvise, [address, bytes, advice, 0, 0, 0]) }.is_ok()
}

/// Whether this kernel marks pages, found out by trying. Cost: a few system calls.
pub fn is_possible() -> bool {
    let Some(page) = super::mapping::map(super::PAGE) else { return false };
    // SAFETY: mapped just now, and used by nobody.
    unsafe {
        let possible = install(page, super::PAGE);
        super::mapping::unmap(page, super::PAGE);
        possible
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PAGE, mapping};
    use super::*;

    #[test]
    fn marks_come_and_go_and_the_page_is_empty_afterwards() {
        if !is_possible() {
            eprintln!("skipped: this kernel has no guard marks");
            return;
        }
        let pages = mapping::map(3 * PAGE).expect("memory");
        let middle = (pages + PAGE) as *mut u8;
        // SAFETY: mapped above.
        unsafe {
            middle.write(7);
            assert!(install(middle as usize, PAGE));
            let mut byte = 0u8;
            let pipe = {
                let mut ends = [0i32; 2];
                assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
                ends
            };
            // The kernel is refused as the program is.
            assert_eq!(libc::write(pipe[1], middle.cast(), 1), -1);
            assert!(remove(middle as usize, PAGE));
            assert_eq!(libc::write(pipe[1], middle.cast(), 1), 1);
            assert_eq!(libc::read(pipe[0], (&raw mut byte).cast(), 1), 1);
            assert_eq!(byte, 0);
            libc::close(pipe[0]);
            libc::close(pipe[1]);
            mapping::unmap(pages, 3 * PAGE);
        }
    }
}
