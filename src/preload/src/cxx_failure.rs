//! `operator new` without memory: the new-handler is called until it has helped, and without one
//! `std::bad_alloc` is thrown.
//!
//! Throwing and catching are the business of the C++ runtime that the program has loaded. To throw,
//! its own `operator new` is asked for a size that no malloc grants; to catch, its own nothrow form
//! is called, which tries the throwing form, ours, once more and turns an exception into null.
//! Nothing is remembered between calls: this is cold, and a runtime may be loaded late.

use core::ffi::{CStr, c_void};
use core::mem::transmute;
use core::ptr::null_mut;
use heapwarden::chunk::Family;
use heapwarden::front::{self, ReturnAt};
use heapwarden::text::complain;

/// More than PTRDIFF_MAX.
const SIZE_IMPOSSIBLE: usize = 1 << (usize::BITS - 1);

/// Runtimes that a library may have been loaded with out of the program's sight (RTLD_LOCAL).
const RUNTIMES: [&CStr; 3] = [c"libstdc++.so.6", c"libc++.so.1", c"libc++abi.so.1"];

type Handler = unsafe extern "C-unwind" fn();
type GetHandler = unsafe extern "C-unwind" fn() -> Option<Handler>;
type New = unsafe extern "C-unwind" fn(usize) -> *mut c_void;
type NothrowNew = unsafe extern "C-unwind" fn(usize, *const c_void) -> *mut c_void;
type AlignedNothrowNew = unsafe extern "C-unwind" fn(usize, usize, *const c_void) -> *mut c_void;

/// A block that is not in the thread's cache.
#[inline(always)]
pub(crate) fn allocate(size: usize, alignment: usize, family: Family) -> *mut c_void {
    // SAFETY: takes any size, and a power of two.
    unsafe { allocate_behind(size, alignment, family) }
}

front::jump_with_caller! {
    fn allocate_behind(size: usize, alignment: usize, family: Family) -> *mut c_void
        => allocate_for, "rcx", "r8"
}

/// If there is no memory, the new-handler is called until there is; the handler, or the lack of one,
/// ends this by throwing.
///
/// # Safety
/// Jumped to with the caller's frame.
unsafe extern "C-unwind" fn allocate_for(
    size: usize,
    alignment: usize,
    family: Family,
    at: ReturnAt,
    frame_pointer: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    let caller = unsafe { at.caller(frame_pointer) };
    loop {
        // SAFETY: the caller's frame waits for this call.
        let block = unsafe { front::new_for(size, alignment, family, &caller) };
        if !block.is_null() {
            return block;
        }
        match handler() {
            // SAFETY: a function that the program installed for this purpose.
            Some(handler) => unsafe { handler() },
            None => return throw(),
        }
    }
}

/// Throws `std::bad_alloc`.
#[cold]
pub(crate) fn throw() -> *mut c_void {
    let Some(function) = find(c"_Znwm") else {
        complain(&[b"operator new: out of memory, and no C++ runtime to throw std::bad_alloc"]);
        // SAFETY: ends the process; nothing of ours is locked.
        unsafe { libc::abort() }
    };
    // SAFETY: the symbol is `operator new(size_t)`.
    let function: New = unsafe { transmute(function) };
    // SAFETY: takes any size. It returns only when the program has replaced malloc and its own
    // grants this one; then that is the block.
    unsafe { function(SIZE_IMPOSSIBLE) }
}

/// The runtime's nothrow form; null when there is no runtime.
#[cold]
pub(crate) fn nothrow(name: &CStr, size: usize, tag: *const c_void) -> *mut c_void {
    let Some(function) = find(name) else { return null_mut() };
    // SAFETY: the symbol is an `operator new` with these arguments.
    let function: NothrowNew = unsafe { transmute(function) };
    // SAFETY: takes any size; the tag is passed on.
    unsafe { function(size, tag) }
}

/// The runtime's aligned nothrow form; null when there is no runtime.
#[cold]
pub(crate) fn aligned_nothrow(
    name: &CStr,
    size: usize,
    alignment: usize,
    tag: *const c_void,
) -> *mut c_void {
    let Some(function) = find(name) else { return null_mut() };
    // SAFETY: the symbol is an `operator new` with these arguments.
    let function: AlignedNothrowNew = unsafe { transmute(function) };
    // SAFETY: takes any size and alignment; the tag is passed on.
    unsafe { function(size, alignment, tag) }
}

fn handler() -> Option<Handler> {
    let function = find(c"_ZSt15get_new_handlerv")?;
    // SAFETY: the symbol is `std::get_new_handler()`.
    let function: GetHandler = unsafe { transmute(function) };
    // SAFETY: takes nothing.
    unsafe { function() }
}

/// A function of the C++ runtime: the next definition after ours, else in a runtime out of sight.
fn find(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: a C string.
    let next = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    if !next.is_null() {
        return Some(next);
    }
    RUNTIMES.iter().find_map(|runtime| {
        let flags = libc::RTLD_LAZY | libc::RTLD_NOLOAD;
        // SAFETY: a C string; nothing is loaded. The handle is kept: an exception is on its way
        // through the runtime.
        let handle = unsafe { libc::dlopen(runtime.as_ptr(), flags) };
        if handle.is_null() {
            return None;
        }
        // SAFETY: an open handle and a C string.
        let function = unsafe { libc::dlsym(handle, name.as_ptr()) };
        (!function.is_null()).then_some(function)
    })
}
