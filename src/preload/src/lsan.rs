//! LeakSanitizer's interface (`sanitizer/lsan_interface.h`), for programs that were written for it.
//! What it calls in a program is in `heapwarden::leaks`; the functions that libFuzzer wants as well are
//! in `heapwarden::fuzz`.

use core::ffi::c_void;
use heapwarden::{at_exit, leaks, scan};

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
