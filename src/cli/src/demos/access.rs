//! Memory that is written to and must not be.

use std::hint::black_box;

#[inline(never)]
fn make_name() -> *mut u8 {
    // SAFETY: takes a number.
    black_box(unsafe { libc::malloc(8) }).cast()
}

#[inline(never)]
fn drop_name(name: *mut u8) {
    // SAFETY: a block from `make_name`. That it may be damaged by then is what this is about.
    unsafe { libc::free(black_box(name).cast()) };
}

/// Nine bytes with the NUL.
#[inline(never)]
fn copy_name(to: *mut u8) {
    let name = black_box(b"overflow\0");
    for (index, byte) in name.iter().enumerate() {
        write_byte(to, index as isize, *byte);
    }
}

#[inline(always)]
fn write_byte(block: *mut u8, index: isize, byte: u8) {
    // SAFETY: none: this is the bug. The memory is the heap's, so that only the heap suffers.
    unsafe { black_box(block).offset(index).write_volatile(byte) };
}

/// One byte too many.
pub fn overflow() {
    let name = make_name();
    copy_name(name);
    drop_name(name);
}

#[inline(never)]
fn write_before(name: *mut u8) {
    write_byte(name, -1, b'!');
}

/// One byte too early.
pub fn underflow() {
    let name = make_name();
    write_before(name);
    drop_name(name);
}

#[inline(never)]
fn write_first_letter(name: *mut u8) {
    write_byte(name, 0, b'A');
}

/// Too late.
pub fn use_after_free() {
    let name = make_name();
    drop_name(name);
    write_first_letter(name);
}

#[inline(never)]
fn overwrite_header(name: *mut u8) {
    for index in -8..0 {
        write_byte(name, index, b'X');
    }
}

/// All of the eight bytes before a block.
pub fn corruption() {
    let name = make_name();
    overwrite_header(name);
    drop_name(name);
}
