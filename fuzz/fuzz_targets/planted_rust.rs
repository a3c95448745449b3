//! The example of docs/fuzzing.md in Rust: a parser of records (a tag, a length, the bytes) with a heap
//! bug in unsafe code behind each tag.

#![no_main]

use heapwarden::Heapwarden;
use libfuzzer_sys::fuzz_target;
use std::hint::black_box;
use std::sync::LazyLock;

#[global_allocator]
static ALLOCATOR: Heapwarden = Heapwarden::new();

/// `w`: the length is believed.
fn write(bytes: &[u8]) {
    let mut record: Vec<u8> = Vec::with_capacity(8);
    // SAFETY: none, there is room for 8 bytes only.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), record.as_mut_ptr(), bytes.len());
        record.set_len(bytes.len().min(8));
    }
    black_box(&record);
}

/// `c`: the record is closed before its length is reset.
fn close() {
    let record = Box::into_raw(Box::new([0u64; 3]));
    // SAFETY: none, the box is dropped when it is written to.
    unsafe {
        drop(Box::from_raw(black_box(record)));
        black_box(record).cast::<u64>().write_volatile(1);
    }
}

/// `t`: taken by both.
fn take_twice() {
    let first = black_box(Box::new([1u8; 24]));
    // SAFETY: none, the box has one owner.
    let second = unsafe { std::ptr::read(&first) };
    drop(first);
    drop(second);
}

/// `k`: kept for nobody.
fn keep(bytes: &[u8]) {
    std::mem::forget(black_box(bytes.to_vec()));
}

/// The tag whose bug is there, if `PLANTED` names one; none for all of them.
static ARMED: LazyLock<Option<u8>> =
    LazyLock::new(|| std::env::var("PLANTED").ok().and_then(|tags| tags.bytes().next()));

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    while let [tag, length, after @ ..] = rest {
        let Some((bytes, after)) = after.split_at_checked(usize::from(*length)) else { return };
        let armed = ARMED.is_none_or(|armed| armed == *tag);
        match (if armed { *tag } else { 0 }, bytes.len()) {
            (b'w', _) => write(bytes),
            (b'c', 3) => close(),
            (b't', 5) => take_twice(),
            (b'k', 7) => keep(bytes),
            _ => {}
        }
        rest = after;
    }
});
