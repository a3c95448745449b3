//! What the core asks of the kernel, one file per concern.
//!
//! All of it goes through raw system calls: libc's wrappers would write `errno`, and may be
//! interposed or not yet relocated when the loader asks for its first block.

mod clock;
mod cpus;
pub mod fork;
mod futex;
pub mod guard;
mod limits;
pub mod mapping;
pub mod own;
pub mod page_move;
mod random;
pub mod syscall;
mod weak;

pub use clock::now_ms;
pub use cpus::available_cpus;
pub use futex::{futex_wait, futex_wake};
pub use limits::{address_space_bytes, mappings_max, memory_bytes};
pub use random::random_u64;

/// Bytes in a page. x86-64 has no other base page size.
pub const PAGE: usize = 4096;
/// log2 of [`PAGE`].
pub const PAGE_SHIFT: usize = 12;

/// The page size.
pub const fn page_size() -> usize {
    PAGE
}

/// Rounds `bytes` up to whole pages.
pub const fn page_round(bytes: usize) -> usize {
    (bytes + PAGE - 1) & !(PAGE - 1)
}

/// Writes all of `bytes` to standard error; failures are ignored, for there is nobody to tell.
pub fn write_stderr(bytes: &[u8]) {
    write_all(2, bytes);
}

/// Writes all of `bytes` to `descriptor`, resuming after signals and short writes.
/// Returns whether everything was written.
pub fn write_all(descriptor: i32, mut bytes: &[u8]) -> bool {
    const EINTR: i32 = libc::EINTR;
    while !bytes.is_empty() {
        // SAFETY: the buffer is a live slice and the kernel only reads it.
        let written = unsafe {
            syscall::call(
                libc::SYS_write,
                [descriptor as usize, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0],
            )
        };
        match written {
            Ok(0) => return false,
            Ok(count) => bytes = &bytes[count..],
            Err(EINTR) => {}
            Err(_) => return false,
        }
    }
    true
}
