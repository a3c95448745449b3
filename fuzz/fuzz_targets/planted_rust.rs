#![no_main]
use libfuzzer_sys::fuzz_target;
#[global_allocator]
static ALLOCATOR: heapwarden::Heapwarden = heapwarden::Heapwarden::new();
fuzz_target!(|data: &[u8]| {
    let mut v = Vec::with_capacity(8);
    v.extend_from_slice(&data[..data.len().min(8)]);
    if data.len() > 3 && data[0] == b'F' && data[1] == b'U' {
        unsafe { v.as_mut_ptr().add(8).write_volatile(data[2]) };
    }
    std::hint::black_box(&v);
});
