//! Blocks of another allocator: handed to the next `free`, `realloc` or `malloc_usable_size` in the
//! program's search order, usually libc's, which is where they would have gone without us.
//!
//! They are rare (blocks from `__libc_malloc`, or from before the library was there), so the
//! functions are looked up each time: dlsym may allocate, and no lock of ours is held here.

use core::ffi::{CStr, c_char, c_void};
use core::mem::transmute;
use core::sync::atomic::{AtomicBool, Ordering};

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// Whether libc has run its own initialisation, without which dlsym cannot be called. Sticky, as a
/// program may clear its environment later; the preload library asks once in its constructor.
pub fn libc_is_ready() -> bool {
    static READY: AtomicBool = AtomicBool::new(false);
    if READY.load(Ordering::Relaxed) {
        return true;
    }
    // SAFETY: a pointer-sized variable of libc, set in its initialisation.
    let ready = !unsafe { environ }.is_null();
    if ready {
        READY.store(true, Ordering::Relaxed);
    }
    ready
}

/// # Safety
/// `block` is a live block of the next allocator, and not used afterwards.
pub(crate) unsafe fn free(block: *mut c_void) {
    // ld.so of some systems frees what it has not allocated while it starts: let that be.
    let Some(function) = next(c"free") else { return };
    // SAFETY: `free` of the next allocator has this type.
    let function: unsafe extern "C" fn(*mut c_void) = unsafe { transmute(function) };
    // SAFETY: promised by the caller.
    unsafe { function(block) }
}

/// # Safety
/// As for `free`, unless nothing or null is returned.
pub(super) unsafe fn realloc(block: *mut c_void, size: usize) -> Option<*mut c_void> {
    let function = next(c"realloc")?;
    // SAFETY: `realloc` of the next allocator has this type.
    let function: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void =
        unsafe { transmute(function) };
    // SAFETY: promised by the caller.
    Some(unsafe { function(block, size) })
}

/// # Safety
/// `block` is a live block of the next allocator.
pub(super) unsafe fn usable_size(block: *mut c_void) -> usize {
    let Some(function) = next(c"malloc_usable_size") else { return 0 };
    // SAFETY: `malloc_usable_size` of the next allocator has this type.
    let function: unsafe extern "C" fn(*mut c_void) -> usize = unsafe { transmute(function) };
    // SAFETY: promised by the caller.
    unsafe { function(block) }
}

fn next(name: &CStr) -> Option<*mut c_void> {
    if !libc_is_ready() {
        return None;
    }
    // SAFETY: a C string. "Next" is seen from the library or program that this code is linked into.
    let function = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    (!function.is_null()).then_some(function)
}
