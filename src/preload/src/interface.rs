//! The functions for programs that know about Heapwarden; `include/heapwarden.h` declares them.

use core::ffi::c_char;
use heapwarden::on_demand;

/// Verifies the whole heap. Returns how many chunks are damaged; each is reported.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn heapwarden_check_heap() -> usize {
    on_demand::check_heap()
}

/// Looks for leaks. Returns how many bytes nothing leads to any more; nothing is reported.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn heapwarden_leak_check() -> usize {
    on_demand::count_lost_bytes()
}

/// Reports leaks, and what changed since the last report.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn heapwarden_report() {
    on_demand::report_leaks();
}

/// The library's version, such as "0.1.0".
#[unsafe(no_mangle)]
pub extern "C-unwind" fn heapwarden_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}
