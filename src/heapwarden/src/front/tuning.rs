//! malloc_trim and mallopt.

use crate::start;
use core::ffi::c_int;

/// Gives free memory back to the kernel, except `keep` bytes; 1 if any went.
pub fn malloc_trim(keep: usize) -> c_int {
    c_int::from(heapwarden_core::trim(keep))
}

/// 1 if the heap behaves as asked from now on, 0 if it does not.
pub fn mallopt(parameter: c_int, value: c_int) -> c_int {
    /// Fill blocks with this byte.
    const M_PERTURB: c_int = -6;
    /// Obsolete since glibc 2.26, which takes it and does nothing.
    const M_CHECK_ACTION: c_int = -5;
    start::ensure();
    let honoured = match parameter {
        libc::M_MMAP_THRESHOLD => {
            usize::try_from(value).is_ok_and(heapwarden_core::set_direct_threshold)
        }
        libc::M_ARENA_MAX => u32::try_from(value).is_ok_and(|count| {
            heapwarden_core::set_arenas_max(count);
            true
        }),
        M_PERTURB => value == 0,
        M_CHECK_ACTION => true,
        _ => false,
    };
    c_int::from(honoured)
}
