//! Leak checks in a Rust program that has Heapwarden linked in: the library's own variables are among
//! the program's then, and the checks run beside the threads of the test harness.

use heapwarden::leaks::check::{Request, check};
use heapwarden::scan::roots;
use std::hint::black_box;
use std::rc::Rc;

#[global_allocator]
static ALLOCATOR: heapwarden::Heapwarden = heapwarden::Heapwarden::new();

/// How many blocks of exactly `bytes` bytes are lost; no other code here asks for that many.
#[inline(never)]
fn lost_blocks(bytes: usize) -> u64 {
    let mut blocks = 0;
    let checked = check(&Request::default(), &mut |found| {
        assert!(!found.coverage.no_memory && found.coverage.threads_missed == 0);
        assert!(found.coverage.threads_stopped > 1 && found.coverage.pause_nanoseconds > 0);
        for record in found.records.iter().filter(|record| record.kind.id() == "definite") {
            if record.own.bytes == record.own.blocks * bytes as u64 {
                blocks += record.own.blocks;
            }
        }
    });
    assert!(checked);
    blocks
}

/// Overwrites what calls left below the caller.
#[inline(never)]
fn forget() {
    black_box([0u8; 32 * 1024]);
}

/// A block whose address is only known turned over.
#[inline(never)]
fn hidden(bytes: usize) -> usize {
    !(Box::leak(vec![1u8; bytes].into_boxed_slice()).as_ptr() as usize)
}

#[inline(never)]
fn put(place: *mut usize, hidden: usize) {
    // SAFETY: the test's own mapping.
    unsafe { place.write_volatile(!hidden) };
}

#[test]
fn a_registered_range_keeps_what_it_leads_to() {
    const BYTES: usize = 4321;
    // SAFETY: a fresh mapping; a private one would be read in any case.
    let place: *mut usize = unsafe {
        libc::mmap(
            core::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
        .cast()
    };
    put(place, hidden(BYTES));
    forget();
    assert_eq!(lost_blocks(BYTES), 1);
    assert!(roots::register(place as usize, 4096));
    assert_eq!(lost_blocks(BYTES), 0);
    assert!(roots::unregister(place as usize, 4096));
    forget();
    assert_eq!(lost_blocks(BYTES), 1);
}

/// 3 counters and pointers and this make a block of a size of its own.
struct Ring {
    next: std::cell::RefCell<Option<Rc<Ring>>>,
    _rest: [u64; 99],
}

#[inline(never)]
fn make_a_ring() {
    let ring = |next| Rc::new(Ring { next: std::cell::RefCell::new(next), _rest: [7; 99] });
    let first = ring(None);
    let second = ring(Some(first.clone()));
    *first.next.borrow_mut() = Some(second);
}

#[test]
fn a_ring_of_rcs_is_found_beside_other_threads() {
    let (quit, wait) = std::sync::mpsc::channel::<()>();
    let waiting = std::thread::spawn(move || wait.recv().is_err());
    make_a_ring();
    forget();
    let mut cycles = 0;
    check(&Request::default(), &mut |found| {
        let of_rings = |at: usize| found.edges[at].from != found.edges[at].to;
        cycles += found
            .records
            .iter()
            .filter(|record| record.cycle.len() == 2 && record.cycle.clone().all(of_rings))
            .count();
    });
    assert_eq!(cycles, 1);
    drop(quit);
    assert!(waiting.join().expect("it ends"));
}
