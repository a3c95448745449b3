//! Tests with a bug each, to be run alone: `cargo test --test planted -- --ignored --exact NAME`.

use heapwarden::Heapwarden;
use std::alloc::{Layout, alloc, dealloc, realloc};
use std::hint::black_box;
use std::mem::ManuallyDrop;

#[global_allocator]
static ALLOCATOR: Heapwarden = Heapwarden::new();

fn layout(size: usize, alignment: usize) -> Layout {
    Layout::from_size_align(size, alignment).expect("a layout")
}

#[test]
#[ignore = "has a bug"]
fn leaks_a_block() {
    std::mem::forget(black_box(Box::new([1u64; 5])));
}

#[test]
#[ignore = "has a bug"]
fn leaks_a_ring() {
    rust_crate::make_ring();
}

#[test]
#[ignore = "has a bug"]
fn gives_back_another_size() {
    // SAFETY: not safe: the size is wrong.
    unsafe { dealloc(black_box(alloc(layout(24, 8))), layout(32, 8)) };
}

#[test]
#[ignore = "has a bug"]
fn gives_back_another_alignment() {
    // SAFETY: not safe: the alignment is wrong.
    unsafe { dealloc(black_box(alloc(layout(24, 8))), layout(24, 4)) };
}

#[test]
#[ignore = "has a bug"]
fn resizes_with_another_alignment() {
    // SAFETY: not safe: the alignment is wrong.
    unsafe { black_box(realloc(black_box(alloc(layout(256, 64))), layout(256, 128), 512)) };
}

#[test]
#[ignore = "has a bug"]
fn writes_past_a_vec() {
    let mut bytes = black_box(vec![0u8; 20]);
    // SAFETY: not safe: one byte too far.
    unsafe { bytes.as_mut_ptr().add(20).write(1) };
}

#[inline(never)]
fn make_number() -> Box<u64> {
    Box::new(7)
}

#[test]
#[ignore = "has a bug"]
fn reads_a_freed_block() {
    let number = black_box(Box::into_raw(make_number()));
    // SAFETY: not safe: it is freed before it is read.
    unsafe {
        drop(Box::from_raw(number));
        black_box(number.read_volatile());
    }
}

#[inline(never)]
fn recurse(depth: usize) -> usize {
    let frame = black_box([depth; 100]);
    recurse(depth + 1) + frame[depth % 100]
}

#[test]
#[ignore = "has a bug"]
fn overflows_its_stack() {
    black_box(recurse(0));
}

#[test]
#[ignore = "has a bug"]
fn reads_from_nowhere() {
    // SAFETY: not safe: nothing lies there.
    unsafe { black_box(black_box(0x10 as *const u64).read_volatile()) };
}

#[test]
#[ignore = "has a bug"]
fn drops_twice() {
    let mut value = ManuallyDrop::new(black_box(vec![7u32; 9]));
    // SAFETY: not safe: the second time.
    unsafe {
        ManuallyDrop::drop(&mut value);
        ManuallyDrop::drop(&mut value);
    }
}

#[test]
#[ignore = "has a bug"]
fn resizes_a_freed_block() {
    // SAFETY: not safe: it is freed.
    unsafe {
        let block = black_box(alloc(layout(4096, 256)));
        dealloc(block, layout(4096, 256));
        black_box(realloc(block, layout(4096, 256), 8192));
    }
}

#[cfg(has_c)]
#[test]
#[ignore = "has a bug"]
fn hands_a_buffer_to_c() {
    let mut buffer = vec![0i8; 40];
    // SAFETY: not safe: the C code writes one byte more.
    unsafe { rust_crate::fill_buffer(buffer.as_mut_ptr(), buffer.len()) };
}

#[cfg(has_c)]
#[test]
#[ignore = "has a bug"]
fn frees_what_c_made() {
    // SAFETY: not safe: the block is libc's.
    unsafe { dealloc(rust_crate::make_in_c(100).cast(), layout(100, 1)) };
}

#[cfg(has_c)]
#[test]
#[ignore = "has a bug"]
fn resizes_what_c_made() {
    // SAFETY: not safe: the block is libc's.
    unsafe { black_box(realloc(rust_crate::make_in_c(100).cast(), layout(100, 1), 200)) };
}
