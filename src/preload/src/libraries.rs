//! `dlclose` as the program sees it: where stacks are kept, the unwinder hears of libraries that are
//! gone, so that it uses nothing it knew of them for the next one at the same place.
//!
//! The call itself goes on to the next in the search order: libc, or another preloaded library, looked
//! up by the constructor or, by those that run before it, at the call.

use core::ffi::{c_int, c_void};
use core::mem::transmute;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use heapwarden::{checked, unwind};

/// Relaxed suffices: it leads to code that was there before.
static NEXT: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

/// Looks the next one up.
pub(crate) fn settle() -> *mut c_void {
    // SAFETY: a string that ends in NUL.
    let next = unsafe { libc::dlsym(libc::RTLD_NEXT, c"dlclose".as_ptr()) };
    NEXT.store(next, Relaxed);
    next
}

/// See dlclose(3).
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn dlclose(library: *mut c_void) -> c_int {
    let known = NEXT.load(Relaxed);
    let next = if known.is_null() { settle() } else { known };
    type Function = unsafe extern "C-unwind" fn(*mut c_void) -> c_int;
    // SAFETY: libc's function has this type, and null is none; the rest is promised by the caller.
    let result = unsafe {
        transmute::<*mut c_void, Option<Function>>(next).map_or(-1, |next| next(library))
    };
    if checked::settings().evidence {
        unwind::refresh_modules();
    }
    result
}
