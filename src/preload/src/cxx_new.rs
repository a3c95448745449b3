//! The eight forms of `operator new`. Named as the C++ ABI mangles them: `nw` is `new`, `na` is
//! `new[]`, `m` the size, `St11align_val_t` the alignment, `RKSt9nothrow_t` the nothrow tag.
//!
//! `C-unwind`, since the throwing forms may throw `std::bad_alloc` through these frames.
#![allow(non_snake_case)]

use crate::{cxx_failure, resolved};
use core::ffi::c_void;
use heapwarden::chunk::Family;
use heapwarden::front;

/// `operator new(size_t)`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn _Znwm(size: usize) -> *mut c_void {
    let block = front::malloc_cached(size);
    if block.is_null() {
        return cxx_failure::allocate(size, 1, Family::New);
    }
    block
}

/// `operator new[](size_t)`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn _Znam(size: usize) -> *mut c_void {
    if resolved::all_ours() {
        let block = front::malloc_cached(size);
        if block.is_null() {
            return cxx_failure::allocate(size, 1, Family::NewArray);
        }
        return block;
    }
    // SAFETY: takes any size.
    unsafe { resolved::new()(size) }
}

/// `operator new(size_t, const std::nothrow_t&)`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn _ZnwmRKSt9nothrow_t(size: usize, tag: *const c_void) -> *mut c_void {
    match new_if_ours(size, 1, Family::New) {
        Some(block) => block,
        None => cxx_failure::nothrow(c"_ZnwmRKSt9nothrow_t", size, tag),
    }
}

/// `operator new[](size_t, const std::nothrow_t&)`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn _ZnamRKSt9nothrow_t(size: usize, tag: *const c_void) -> *mut c_void {
    match new_if_ours(size, 1, Family::NewArray) {
        Some(block) => block,
        None => cxx_failure::nothrow(c"_ZnamRKSt9nothrow_t", size, tag),
    }
}

/// `operator new(size_t, std::align_val_t)`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn _ZnwmSt11align_val_t(size: usize, alignment: usize) -> *mut c_void {
    if !alignment.is_power_of_two() {
        return cxx_failure::throw();
    }
    cxx_failure::allocate(size, alignment, Family::AlignedNew)
}

/// `operator new[](size_t, std::align_val_t)`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn _ZnamSt11align_val_t(size: usize, alignment: usize) -> *mut c_void {
    if resolved::all_ours() {
        if !alignment.is_power_of_two() {
            return cxx_failure::throw();
        }
        return cxx_failure::allocate(size, alignment, Family::AlignedNewArray);
    }
    // SAFETY: takes any size and alignment.
    unsafe { resolved::aligned_new()(size, alignment) }
}

/// `operator new(size_t, std::align_val_t, const std::nothrow_t&)`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn _ZnwmSt11align_val_tRKSt9nothrow_t(
    size: usize,
    alignment: usize,
    tag: *const c_void,
) -> *mut c_void {
    match new_if_ours(size, alignment, Family::AlignedNew) {
        Some(block) => block,
        None => {
            let name = c"_ZnwmSt11align_val_tRKSt9nothrow_t";
            cxx_failure::aligned_nothrow(name, size, alignment, tag)
        }
    }
}

/// `operator new[](size_t, std::align_val_t, const std::nothrow_t&)`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn _ZnamSt11align_val_tRKSt9nothrow_t(
    size: usize,
    alignment: usize,
    tag: *const c_void,
) -> *mut c_void {
    match new_if_ours(size, alignment, Family::AlignedNewArray) {
        Some(block) => block,
        None => {
            let name = c"_ZnamSt11align_val_tRKSt9nothrow_t";
            cxx_failure::aligned_nothrow(name, size, alignment, tag)
        }
    }
}

/// The fast way of the nothrow forms; nothing if there is no memory, or it is not ours to give.
#[inline]
fn new_if_ours(size: usize, alignment: usize, family: Family) -> Option<*mut c_void> {
    if !alignment.is_power_of_two() || !resolved::all_ours() {
        return None;
    }
    let block = front::new(size, alignment, family);
    (!block.is_null()).then_some(block)
}
