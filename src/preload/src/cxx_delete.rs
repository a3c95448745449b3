//! The twelve forms of `operator delete`. Named as the C++ ABI mangles them: `dl` is `delete`, `da`
//! is `delete[]`, `Pv` the block, `m` its size, `St11align_val_t` its alignment, `RKSt9nothrow_t`
//! the nothrow tag. The forms other than the two basic ones end where the program wants them to
//! (see [`resolved`]).
#![allow(non_snake_case)]

use crate::resolved;
use core::ffi::c_void;
use heapwarden::front;

/// `operator delete(void*)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdlPv(block: *mut c_void) {
    // SAFETY: promised by the caller.
    unsafe { front::free(block) }
}

/// `operator delete[](void*)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdaPv(block: *mut c_void) {
    if resolved::all_ours() {
        // SAFETY: promised by the caller.
        return unsafe { front::free(block) };
    }
    // SAFETY: as above.
    unsafe { resolved::delete()(block) }
}

/// `operator delete(void*, size_t)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdlPvm(block: *mut c_void, _size: usize) {
    if resolved::all_ours() {
        // SAFETY: promised by the caller.
        return unsafe { front::free(block) };
    }
    // SAFETY: as above.
    unsafe { resolved::delete()(block) }
}

/// `operator delete[](void*, size_t)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdaPvm(block: *mut c_void, _size: usize) {
    if resolved::all_ours() {
        // SAFETY: promised by the caller.
        return unsafe { front::free(block) };
    }
    // SAFETY: as above.
    unsafe { resolved::delete_array()(block) }
}

/// `operator delete(void*, const std::nothrow_t&)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdlPvRKSt9nothrow_t(block: *mut c_void, _tag: *const c_void) {
    if resolved::all_ours() {
        // SAFETY: promised by the caller.
        return unsafe { front::free(block) };
    }
    // SAFETY: as above.
    unsafe { resolved::delete()(block) }
}

/// `operator delete[](void*, const std::nothrow_t&)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdaPvRKSt9nothrow_t(block: *mut c_void, _tag: *const c_void) {
    if resolved::all_ours() {
        // SAFETY: promised by the caller.
        return unsafe { front::free(block) };
    }
    // SAFETY: as above.
    unsafe { resolved::delete_array()(block) }
}

/// `operator delete(void*, std::align_val_t)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdlPvSt11align_val_t(block: *mut c_void, _alignment: usize) {
    // SAFETY: promised by the caller.
    unsafe { front::free(block) }
}

/// `operator delete[](void*, std::align_val_t)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdaPvSt11align_val_t(block: *mut c_void, alignment: usize) {
    if resolved::all_ours() {
        // SAFETY: promised by the caller.
        return unsafe { front::free(block) };
    }
    // SAFETY: as above.
    unsafe { resolved::aligned_delete()(block, alignment) }
}

/// `operator delete(void*, size_t, std::align_val_t)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdlPvmSt11align_val_t(
    block: *mut c_void,
    _size: usize,
    alignment: usize,
) {
    if resolved::all_ours() {
        // SAFETY: promised by the caller.
        return unsafe { front::free(block) };
    }
    // SAFETY: as above.
    unsafe { resolved::aligned_delete()(block, alignment) }
}

/// `operator delete[](void*, size_t, std::align_val_t)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdaPvmSt11align_val_t(
    block: *mut c_void,
    _size: usize,
    alignment: usize,
) {
    if resolved::all_ours() {
        // SAFETY: promised by the caller.
        return unsafe { front::free(block) };
    }
    // SAFETY: as above.
    unsafe { resolved::aligned_delete_array()(block, alignment) }
}

/// `operator delete(void*, std::align_val_t, const std::nothrow_t&)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdlPvSt11align_val_tRKSt9nothrow_t(
    block: *mut c_void,
    alignment: usize,
    _tag: *const c_void,
) {
    if resolved::all_ours() {
        // SAFETY: promised by the caller.
        return unsafe { front::free(block) };
    }
    // SAFETY: as above.
    unsafe { resolved::aligned_delete()(block, alignment) }
}

/// `operator delete[](void*, std::align_val_t, const std::nothrow_t&)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdaPvSt11align_val_tRKSt9nothrow_t(
    block: *mut c_void,
    alignment: usize,
    _tag: *const c_void,
) {
    if resolved::all_ours() {
        // SAFETY: promised by the caller.
        return unsafe { front::free(block) };
    }
    // SAFETY: as above.
    unsafe { resolved::aligned_delete_array()(block, alignment) }
}
