//! The example of docs/fuzzing.md in C. Nothing of Heapwarden is in this program: the preload library
//! finds its bugs.

#![no_main]

use libfuzzer_sys::fuzz_target;

unsafe extern "C" {
    fn planted_parse(data: *const u8, size: usize);
}

fuzz_target!(|data: &[u8]| {
    // SAFETY: the bytes of a slice. What the C code does with them is what is tested.
    unsafe { planted_parse(data.as_ptr(), data.len()) };
});
