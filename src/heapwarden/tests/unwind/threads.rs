//! Many threads, and small ones.

use crate::cross_check::{check, finish};
use heapwarden::callsite;
use heapwarden::unwind::thread_states;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr;

extern "C" fn capture_on_a_small_stack(result: *mut c_void) -> *mut c_void {
    let mut frames = [0; 16];
    let count = heapwarden::unwind::capture(&mut frames);
    let site = callsite::here(16);
    let known = callsite::frames(site).len();
    // SAFETY: the test waits with the result.
    unsafe { *result.cast::<(usize, usize)>() = (count, known) };
    ptr::null_mut()
}

/// Runs `capture_on_a_small_stack` on a thread with a stack of `bytes`.
fn on_a_stack_of(bytes: usize) -> (usize, usize) {
    let mut result = (0, 0);
    // SAFETY: plain use of the thread functions; the result outlives the thread.
    unsafe {
        let mut attributes = MaybeUninit::uninit();
        libc::pthread_attr_init(attributes.as_mut_ptr());
        assert_eq!(libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), bytes), 0);
        let mut thread = 0;
        let argument = (&raw mut result).cast();
        let start = capture_on_a_small_stack;
        assert_eq!(libc::pthread_create(&mut thread, attributes.as_ptr(), start, argument), 0);
        libc::pthread_join(thread, ptr::null_mut());
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
    }
    result
}

#[test]
fn five_hundred_small_threads_leave_nothing() {
    for _ in 0..500 {
        let (count, known) = on_a_stack_of(32 * 1024);
        assert!(count >= 2 && known == count, "{count} {known}");
    }
    // Other tests have threads of their own.
    assert!(thread_states() < 100, "{}", thread_states());
}

#[test]
fn threads_at_once() {
    let threads: Vec<_> = (0..16)
        .map(|_| {
            std::thread::spawn(|| {
                for _ in 0..50 {
                    check();
                }
                finish()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().expect("right stacks"), 50);
    }
}
