//! The twelve forms of `operator delete`. Named as the C++ ABI mangles them: `dl` is `delete`, `da`
//! is `delete[]`, `Pv` the block, `m` its size, `St11align_val_t` its alignment, `RKSt9nothrow_t`
//! the nothrow tag. The forms other than the two basic ones end where the program wants them to
//! (see [`resolved`]); where that is here, what they are told is compared with the block.
#![allow(non_snake_case)]

use crate::resolved;
use core::ffi::c_void;
use heapwarden::checked::Release;
use heapwarden::chunk::Family;
use heapwarden::front;

const fn release(family: Family, what: &'static str) -> Release {
    Release { family, what, size: None, alignment: None }
}

static DELETE: Release = release(Family::New, "operator delete");
static DELETE_ARRAY: Release = release(Family::NewArray, "operator delete[]");
static ALIGNED_DELETE: Release = release(Family::AlignedNew, "operator delete(align_val_t)");
static ALIGNED_DELETE_ARRAY: Release =
    release(Family::AlignedNewArray, "operator delete[](align_val_t)");

/// `operator delete(void*)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdlPv(block: *mut c_void) {
    // SAFETY: promised by the caller.
    unsafe { front::delete(block, None, None, &DELETE) }
}

/// `operator delete(void*, std::align_val_t)`.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _ZdlPvSt11align_val_t(block: *mut c_void, alignment: usize) {
    // SAFETY: promised by the caller.
    unsafe { front::delete(block, None, Some(alignment), &ALIGNED_DELETE) }
}

/// `"form" name(arguments): size, alignment, what it is; else the basic form(what it is passed)`. Tags are
/// pointers, which are passed like sizes.
macro_rules! forms {
    ($($form:literal $name:ident($($argument:ident),*): $size:expr, $alignment:expr, $release:ident;
       else $basic:ident($($passed:ident),*);)*) => {
        $(
            #[doc = concat!("`operator ", $form, "`.")]
            ///
            /// # Safety
            /// `block` is null or a live block, and not used afterwards.
            #[unsafe(no_mangle)]
            pub unsafe extern "C-unwind" fn $name(block: *mut c_void, $($argument: usize),*) {
                if resolved::all_ours() {
                    // SAFETY: promised by the caller.
                    return unsafe { front::delete(block, $size, $alignment, &$release) };
                }
                // SAFETY: as above.
                unsafe { resolved::$basic()(block, $($passed),*) }
            }
        )*
    };
}

forms! {
    "delete[](void*)" _ZdaPv(): None, None, DELETE_ARRAY;
    else delete();

    "delete(void*, size_t)" _ZdlPvm(size): Some(size), None, DELETE;
    else delete();

    "delete[](void*, size_t)" _ZdaPvm(size): Some(size), None, DELETE_ARRAY;
    else delete_array();

    "delete(void*, const std::nothrow_t&)" _ZdlPvRKSt9nothrow_t(_tag): None, None, DELETE;
    else delete();

    "delete[](void*, const std::nothrow_t&)" _ZdaPvRKSt9nothrow_t(_tag): None, None, DELETE_ARRAY;
    else delete_array();

    "delete[](void*, std::align_val_t)" _ZdaPvSt11align_val_t(alignment):
        None, Some(alignment), ALIGNED_DELETE_ARRAY;
    else aligned_delete(alignment);

    "delete(void*, size_t, std::align_val_t)" _ZdlPvmSt11align_val_t(size, alignment):
        Some(size), Some(alignment), ALIGNED_DELETE;
    else aligned_delete(alignment);

    "delete[](void*, size_t, std::align_val_t)" _ZdaPvmSt11align_val_t(size, alignment):
        Some(size), Some(alignment), ALIGNED_DELETE_ARRAY;
    else aligned_delete_array(alignment);

    "delete(void*, std::align_val_t, const std::nothrow_t&)"
        _ZdlPvSt11align_val_tRKSt9nothrow_t(alignment, _tag):
        None, Some(alignment), ALIGNED_DELETE;
    else aligned_delete(alignment);

    "delete[](void*, std::align_val_t, const std::nothrow_t&)"
        _ZdaPvSt11align_val_tRKSt9nothrow_t(alignment, _tag):
        None, Some(alignment), ALIGNED_DELETE_ARRAY;
    else aligned_delete_array(alignment);
}
