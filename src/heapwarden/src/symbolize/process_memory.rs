//! Reading memory of this process that may vanish at any moment, because another thread unloads a
//! library: the kernel copies, and says no instead of faulting.

use heapwarden_core::os::syscall;

/// Copies as much as can be read from `address` on; returns how much that was.
pub(super) fn read(address: usize, into: &mut [u8]) -> usize {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote = libc::iovec { iov_base: address as *mut _, iov_len: into.len() };
    // SAFETY: takes nothing.
    let process = unsafe { syscall::call(libc::SYS_getpid, [0; 6]) }.unwrap_or(0);
    let arguments = [process, (&raw const local).addr(), 1, (&raw const remote).addr(), 1, 0];
    // SAFETY: the kernel writes to `into` only; it checks the other address itself.
    unsafe { syscall::call(libc::SYS_process_vm_readv, arguments) }.unwrap_or(0)
}
