//! malloc_trim and mallopt.

use core::ffi::c_int;

/// Gives free memory back to the kernel, except `keep` bytes; 1 if any went.
pub fn malloc_trim(keep: usize) -> c_int {
    c_int::from(heapwarden_core::trim(keep))
}

/// 1 if the heap behaves as asked, 0 if not. The core's settings are fixed with the first block, so
/// the answer compares instead of changing; HEAPWARDEN_OPTIONS is the way to choose them.
pub fn mallopt(parameter: c_int, value: c_int) -> c_int {
    /// Fill blocks with this byte.
    const M_PERTURB: c_int = -6;
    /// Obsolete since glibc 2.26, which takes it and does nothing.
    const M_CHECK_ACTION: c_int = -5;
    let options = crate::start::options();
    let same = |setting: usize| usize::try_from(value).is_ok_and(|value| value == setting);
    let honoured = match parameter {
        libc::M_MMAP_THRESHOLD => same(options.direct_threshold),
        libc::M_ARENA_MAX => same(options.arenas as usize),
        M_PERTURB => value == 0,
        M_CHECK_ACTION => true,
        _ => false,
    };
    c_int::from(honoured)
}
