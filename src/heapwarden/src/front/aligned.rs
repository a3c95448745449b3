//! memalign and its relatives.

use super::basic::{SIZE_MAX, malloc};
use super::errno::{self, no_memory, no_memory_if_null};
use crate::checked;
use crate::chunk::Family;
use crate::start;
use core::ffi::{CStr, c_int, c_void};
use core::ptr::null_mut;

/// What every block has.
const ALIGNMENT_MIN: usize = 16;

/// The largest power of two.
const ALIGNMENT_MAX: usize = 1 << (usize::BITS - 1);

/// A block at a multiple of `alignment`, which is rounded up to a power of two.
#[inline]
pub fn memalign(alignment: usize, size: usize) -> *mut c_void {
    if alignment <= ALIGNMENT_MIN {
        return malloc(size);
    }
    if alignment > ALIGNMENT_MAX {
        errno::set(libc::EINVAL);
        return null_mut();
    }
    if size > SIZE_MAX {
        return no_memory();
    }
    no_memory_if_null(allocate(size, alignment.next_power_of_two()))
}

/// A block of a size that is possible at an alignment that is a power of two above the least.
fn allocate(size: usize, alignment: usize) -> *mut u8 {
    start::ensure();
    if checked::settings().active {
        return checked::allocate(size, alignment, Family::Memalign, false);
    }
    heapwarden_core::allocate_aligned(size, alignment)
}

/// As `memalign`, for any size. From glibc 2.38 on, an alignment that is not a power of two is
/// EINVAL; with an older one installed, programs that rely on the rounding keep working.
#[inline]
pub fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    if !alignment.is_power_of_two() && glibc_is_strict() {
        errno::set(libc::EINVAL);
        return null_mut();
    }
    memalign(alignment, size)
}

/// Stores an aligned block in `result` and returns 0, or returns EINVAL or ENOMEM; errno stays.
///
/// # Safety
/// `result` may be written to.
#[inline]
pub unsafe fn posix_memalign(result: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
    if !alignment.is_power_of_two() || !alignment.is_multiple_of(size_of::<*mut c_void>()) {
        return libc::EINVAL;
    }
    if size > SIZE_MAX {
        return libc::ENOMEM;
    }
    let block = allocate(size, alignment.max(ALIGNMENT_MIN));
    if block.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: promised by the caller.
    unsafe { *result = block.cast() };
    0
}

/// A block at the start of a page.
pub fn valloc(size: usize) -> *mut c_void {
    memalign(heapwarden_core::os::page_size(), size)
}

/// Whole pages.
pub fn pvalloc(size: usize) -> *mut c_void {
    let page = heapwarden_core::os::page_size();
    match size.checked_next_multiple_of(page) {
        Some(rounded) => memalign(page, rounded),
        None => no_memory(),
    }
}

/// Whether the C library is glibc 2.38 or later. Asked on the way to an unusual request only.
#[cold]
fn glibc_is_strict() -> bool {
    // SAFETY: returns a constant string.
    let version = unsafe { CStr::from_ptr(libc::gnu_get_libc_version()) };
    is_strict(version.to_bytes())
}

fn is_strict(version: &[u8]) -> bool {
    let mut numbers = version.split(|byte| *byte == b'.').map(|digits| {
        digits
            .iter()
            .take(6)
            .take_while(|digit| digit.is_ascii_digit())
            .fold(0u32, |sum, digit| sum * 10 + u32::from(*digit - b'0'))
    });
    (numbers.next(), numbers.next()) >= (Some(2), Some(38))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glibc_versions_are_ordered_by_number() {
        for (version, strict) in
            [("2.36", false), ("2.38", true), ("2.4", false), ("2.43.9000", true), ("3.0", true)]
        {
            assert_eq!(is_strict(version.as_bytes()), strict, "{version}");
        }
    }
}
