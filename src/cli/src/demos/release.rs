//! Memory that is given back in a wrong way.

use std::ffi::{CStr, c_void};
use std::hint::black_box;
use std::mem::transmute;

type Block = *mut c_void;

#[inline(never)]
fn make_object() -> Block {
    // SAFETY: takes a number.
    black_box(unsafe { libc::malloc(24) })
}

#[inline(never)]
fn drop_object(object: Block) {
    // SAFETY: none: this is the bug, when it is called twice, or with what is no block.
    unsafe { libc::free(black_box(object)) };
}

/// Frees twice.
pub fn double_free() {
    let object = make_object();
    drop_object(object);
    drop_object(object);
}

/// Frees the middle.
pub fn invalid_free() {
    let object = make_object();
    drop_object(object.wrapping_byte_add(16));
}

/// A function of the preloaded library that this program is not linked with.
fn function(name: &CStr) -> Block {
    // SAFETY: a string that ends in NUL.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    assert!(!found.is_null(), "{name:?}: this demo has to run on Heapwarden's heap");
    found
}

/// `free` for C++.
#[inline(never)]
fn delete_object(object: Block) {
    // SAFETY: the type of `operator delete(void*)`.
    let delete: extern "C" fn(Block) = unsafe { transmute(function(c"_ZdlPv")) };
    delete(black_box(object));
}

/// malloc and delete.
pub fn mismatch() {
    delete_object(make_object());
}

#[inline(never)]
fn new_object() -> Block {
    // SAFETY: the type of `operator new(size_t)`.
    let new: extern "C" fn(usize) -> Block = unsafe { transmute(function(c"_Znwm")) };
    black_box(new(24))
}

#[inline(never)]
fn delete_base(object: Block) {
    // SAFETY: the type of `operator delete(void*, size_t)`.
    let delete: extern "C" fn(Block, usize) = unsafe { transmute(function(c"_ZdlPvm")) };
    delete(black_box(object), 16);
}

/// As if a class were deleted through a smaller base without a virtual destructor.
pub fn delete_with_wrong_size() {
    delete_base(new_object());
}

#[inline(never)]
fn give_back(object: Block, size: usize) {
    // SAFETY: the type of C23's `free_sized`.
    let free_sized: extern "C" fn(Block, usize) = unsafe { transmute(function(c"free_sized")) };
    free_sized(black_box(object), size);
}

/// The size is another one than was asked for.
pub fn free_with_wrong_size() {
    give_back(make_object(), 32);
}
