//! LeakSanitizer's interface (`sanitizer/lsan_interface.h`), for programs that were written for it.
//! What it calls in a program is in `heapwarden::leaks`.

use core::ffi::{c_int, c_void};
use heapwarden::{at_exit, leaks, scan};

/// What this thread allocates until `__lsan_enable` is no leak.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __lsan_disable() {
    leaks::ignore::disable();
}

/// Ends what the last `__lsan_disable` of this thread began.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __lsan_enable() {
    leaks::ignore::enable();
}

/// The block that the pointer leads into, and what it leads to, is no leak.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __lsan_ignore_object(block: *const c_void) {
    leaks::ignore::ignore(block.addr());
}

/// Memory that keeps alive what it points to, such as a mapping of the program's own.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __lsan_register_root_region(start: *const c_void, bytes: usize) {
    if !scan::roots::register(start.addr(), bytes) {
        heapwarden::text::complain(&[b"too many root regions, one is not looked at"]);
    }
}

/// Undoes a `__lsan_register_root_region` of the same region.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __lsan_unregister_root_region(start: *const c_void, bytes: usize) {
    if !scan::roots::unregister(start.addr(), bytes) {
        heapwarden::text::complain(&[b"__lsan_unregister_root_region: no such region"]);
    }
}

/// The check at exit, now instead of then: it ends the program as that one would.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __lsan_do_leak_check() {
    at_exit::check_leaks_now();
}

/// Checks and reports; 1 if there are leaks.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __lsan_do_recoverable_leak_check() -> c_int {
    c_int::from(leaks::are_there("__lsan_do_recoverable_leak_check"))
}
