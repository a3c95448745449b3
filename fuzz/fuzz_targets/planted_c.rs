//! The example of docs/fuzzing.md in C. Nothing of Heapwarden is in this program: the preload library
//! finds its bugs.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::ffi::c_int;
use std::sync::LazyLock;

unsafe extern "C" {
    fn planted_parse(data: *const u8, size: usize, armed: c_int);
}

/// The tag whose bug is there, if `PLANTED` names one; 0 for all of them.
static ARMED: LazyLock<c_int> = LazyLock::new(|| {
    let tag = std::env::var("PLANTED").ok().and_then(|tags| tags.bytes().next());
    c_int::from(tag.unwrap_or(0))
});

fuzz_target!(|data: &[u8]| {
    // SAFETY: the bytes of a slice. What the C code does with them is what is tested.
    unsafe { planted_parse(data.as_ptr(), data.len(), *ARMED) };
});
