//! Whether memory can be read, asked of the kernel without a fault.
//!
//! `rt_sigprocmask` copies the new mask from the address before it looks at what to do with it, and
//! for an unknown operation then does nothing. It is allowed in every sandbox that lets threads
//! start, needs no descriptor and takes some 60 ns.

use heapwarden_core::os::syscall;

/// Whether the 8 bytes at `address` can be read.
#[cold]
pub(crate) fn is_readable(address: usize) -> bool {
    const UNKNOWN_OPERATION: usize = usize::MAX;
    const MASK_BYTES: usize = 8;
    // SAFETY: the kernel reads at most 8 bytes there and answers EFAULT if it cannot; an unknown
    // operation changes nothing.
    let answer = unsafe {
        syscall::uncounted(
            libc::SYS_rt_sigprocmask,
            [UNKNOWN_OPERATION, address, 0, MASK_BYTES, 0, 0],
        )
    };
    answer == Err(libc::EINVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readable_memory_is_told_from_the_rest() {
        let word = 7u64;
        assert!(is_readable(&raw const word as usize));
        assert!(!is_readable(0));
        assert!(!is_readable(usize::MAX - 7));
        // SAFETY: a fresh mapping without access, given back below.
        let guard = unsafe {
            libc::mmap(
                core::ptr::null_mut(),
                4096,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert!(!is_readable(guard as usize));
        // SAFETY: mapped above.
        unsafe { libc::munmap(guard, 4096) };
        assert!(!is_readable(guard as usize));
    }
}
