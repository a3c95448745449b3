//! `heapwarden::testing` in twenty threads at once: nothing is counted or told wrongly, and what is lost is
//! found.

use heapwarden::testing::{assert_no_leaks, measure, no_alloc};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hint::black_box;
use std::panic::{self, catch_unwind};
use std::rc::Rc;
use std::sync::Barrier;
use std::thread;

#[global_allocator]
static ALLOCATOR: heapwarden::Heapwarden = heapwarden::Heapwarden::new();

struct Node {
    next: RefCell<Option<Rc<Node>>>,
    _rest: [u64; 20],
}

#[inline(never)]
fn make_a_ring() {
    let node = |next| Rc::new(Node { next: RefCell::new(next), _rest: [7; 20] });
    let first = node(None);
    let second = node(Some(first.clone()));
    *first.next.borrow_mut() = Some(second);
}

const LEAK_EVERY: usize = 250;

/// What a test does in each round: allocates a known amount, here and in a thread of its own, and
/// leaks now and then. Returns how many leaks it was told of.
fn round(worker: usize, number: usize) -> usize {
    let bytes = 100 + worker * 64 + number % 50;
    let found = measure(|| drop(black_box(vec![worker as u8; bytes])));
    assert_eq!((found.allocations, found.bytes, found.live_bytes), (1, bytes, 0), "{found:?}");
    assert_eq!((found.frees, found.peak_bytes), (1, bytes));
    assert_no_leaks(|| {
        let map: HashMap<usize, String> =
            (0..number % 20).map(|key| (key, "x".repeat(key + worker))).collect();
        map.len()
    });
    no_alloc(|| black_box(worker + number));
    if number.is_multiple_of(10) {
        let found = measure(|| {
            thread::spawn(move || drop(black_box(vec![1u8; 3 * bytes]))).join().expect("it ends");
        });
        // And what std keeps of a thread.
        assert!((3 * bytes..3 * bytes + 3000).contains(&found.bytes), "{found:?}");
        assert!(found.live_bytes < 3000, "{found:?}");
    }
    if !(number + worker).is_multiple_of(LEAK_EVERY) {
        return 0;
    }
    let Err(panic) = catch_unwind(|| assert_no_leaks(make_a_ring)) else { return 0 };
    let text = panic.downcast::<String>().expect("a text");
    assert!(text.contains("in 2 blocks leaked"), "{text}");
    1
}

#[test]
fn twenty_threads_of_tests_for_a_thousand_rounds() {
    const WORKERS: usize = 20;
    const ROUNDS: usize = 1000;
    // Not with std's backtraces: it makes large tables for them, which are full of old addresses, and a
    // scan that cannot know better takes these for pointers.
    panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
    let start = Barrier::new(WORKERS);
    let found: usize = thread::scope(|scope| {
        let work = |worker| {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                (0..ROUNDS).map(|number| round(worker, number)).sum::<usize>()
            })
        };
        let threads: Vec<_> = (0..WORKERS).map(work).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).sum()
    });
    let planted = WORKERS * ROUNDS / LEAK_EVERY;
    assert_eq!(found, planted);
}
