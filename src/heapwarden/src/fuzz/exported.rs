//! The functions that libFuzzer looks up by name (its `FuzzerExtFunctions.def`), with the meaning that
//! the sanitizers give them. They are there with the feature `fuzz` only.
//!
//! The two of MemorySanitizer are no more than what they say here: see [`super::iteration`].

use super::death::Callback;
use super::hooks::{FreeHook, MallocHook};
use crate::text::Sink;
use crate::{leaks, report};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::slice;

/// The function is called once, before a report ends the process.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __sanitizer_set_death_callback(callback: Option<Callback>) {
    super::set_death_callback(callback);
}

/// 1 for the first caller, which may report a crash; 0 for all others.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __sanitizer_acquire_crash_state() -> c_int {
    c_int::from(super::acquire_crash_state())
}

/// The functions are called with every block from now on; 0 if they are not.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __sanitizer_install_malloc_and_free_hooks(
    malloc: Option<MallocHook>,
    free: Option<FreeHook>,
) -> c_int {
    match malloc.zip(free) {
        Some((malloc, free)) => super::install(malloc, free) as c_int,
        None => 0,
    }
}

/// Prints the stack of the caller.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C-unwind" fn __sanitizer_print_stack_trace() {
    super::print_stack();
}

/// Describes the code at an address: see [`super::symbolize`].
///
/// # Safety
/// `format` is a C string; there is room for `bytes` bytes at `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __sanitizer_symbolize_pc(
    pc: *const c_void,
    format: *const c_char,
    out: *mut c_char,
    bytes: usize,
) {
    if bytes > 0 {
        // SAFETY: promised by the caller.
        unsafe {
            out.write_bytes(0, bytes);
            let out = slice::from_raw_parts_mut(out.cast::<u8>(), bytes);
            super::symbolize(pc.addr(), CStr::from_ptr(format).to_bytes(), out);
        }
    }
}

/// The module that an address lies in, and where in it; 0 if there is none.
///
/// # Safety
/// There is room for `bytes` bytes at `path`, and for an address at `offset`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __sanitizer_get_module_and_offset_for_pc(
    pc: *const c_void,
    path: *mut c_char,
    bytes: usize,
    offset: *mut *mut c_void,
) -> c_int {
    // SAFETY: promised by the caller.
    unsafe {
        path.write_bytes(0, bytes);
        let path = slice::from_raw_parts_mut(path.cast::<u8>(), bytes);
        match super::module_and_offset(pc.addr(), path) {
            Some(found) => {
                *offset = core::ptr::without_provenance_mut(found);
                1
            }
            None => 0,
        }
    }
}

/// Prints who holds the memory: `percent` of it, and no more than `most` call sites.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __sanitizer_print_memory_profile(percent: usize, most: usize) {
    super::print_memory_profile(percent, most);
}

/// Gives free memory back to the kernel. The quarantine is kept: it is small, and bugs are found there.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __sanitizer_purge_allocator() {
    heapwarden_core::trim(0);
}

/// From now on reports go to this file descriptor instead of standard error.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __sanitizer_set_report_fd(number: *mut c_void) {
    report::set_descriptor(number.addr() as c_int);
}

/// Writes to where reports go.
///
/// # Safety
/// There are `length` bytes at `text`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __sanitizer_log_write(text: *const c_char, length: usize) {
    // SAFETY: promised by the caller.
    let text = unsafe { slice::from_raw_parts(text.cast::<u8>(), length) };
    report::with_destination(&mut |destination: &mut dyn Sink| destination.take(text));
}

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

/// Checks and reports; 1 if there are leaks.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __lsan_do_recoverable_leak_check() -> c_int {
    c_int::from(leaks::are_there("__lsan_do_recoverable_leak_check"))
}

/// libFuzzer is about to call the target with an input.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __msan_scoped_enable_interceptor_checks() {
    super::begin();
}

/// The target has come back.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn __msan_scoped_disable_interceptor_checks() {
    super::end();
}
