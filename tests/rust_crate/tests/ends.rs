//! Ways in which a test program ends, with a leak each: `cargo test --test ends -- --ignored NAME`.

use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: heapwarden::Heapwarden = heapwarden::Heapwarden::new();

#[inline(never)]
fn lose() {
    std::mem::forget(black_box(vec![7u8; 77]));
}

#[test]
#[ignore = "leaks"]
fn a_test_passes() {
    lose();
}

#[test]
#[ignore = "leaks"]
fn a_test_fails() {
    lose();
    panic!("it fails");
}

#[test]
#[ignore = "leaks"]
fn a_thread_panics() {
    std::thread::spawn(|| {
        lose();
        panic!("the thread does");
    })
    .join()
    .unwrap_err();
}

#[test]
#[ignore = "leaks"]
fn the_process_exits() {
    lose();
    std::process::exit(7);
}

#[test]
#[ignore = "leaks"]
fn a_closure_leaks() {
    heapwarden::testing::assert_no_leaks(lose);
}

#[test]
fn nothing_leaks() {
    heapwarden::testing::check_heap();
}
