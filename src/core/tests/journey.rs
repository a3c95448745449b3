//! The way of single requests through the core, step by step as the journey shows it.

mod support;

use heapwarden_core::journey::{Journey, Step, start};
use heapwarden_core::statistics::gather;
use heapwarden_core::{Config, allocate, allocate_zeroed, configure, free, reallocate};
use std::sync::Mutex;

struct Seen {
    number: u64,
    request: &'static str,
    size: usize,
    address: usize,
    steps: Vec<Step>,
}

static SEEN: Mutex<Vec<Seen>> = Mutex::new(Vec::new());

fn sink(journey: &Journey) {
    let Journey { number, request, size, address, steps } = *journey;
    SEEN.lock().unwrap().push(Seen { number, request, size, address, steps: steps.to_vec() });
}

/// The only journey since the last call, which must be `request` of `size` at `block`.
fn last(request: &str, size: usize, block: *mut u8) -> Vec<Step> {
    let mut seen = std::mem::take(&mut *SEEN.lock().unwrap());
    assert_eq!(seen.len(), 1, "one journey per request");
    let seen = seen.remove(0);
    assert_eq!((seen.request, seen.size, seen.address), (request, size, block as usize));
    NUMBERS.lock().unwrap().push(seen.number);
    seen.steps
}

static NUMBERS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

fn release(block: *mut u8) -> Vec<Step> {
    // SAFETY: each block is freed once and not used any more.
    unsafe { free(block) }.unwrap();
    last("free", 0, block)
}

fn resize(block: *mut u8, size: usize) -> (*mut u8, Vec<Step>) {
    // SAFETY: the block is live, and its old address is not used any more.
    let moved = unsafe { reallocate(block, size) }.unwrap();
    (moved, last("realloc", size, moved))
}

fn obtain(size: usize) -> (*mut u8, Vec<Step>) {
    let block = allocate(size);
    (block, last("malloc", size, block))
}

fn has(steps: &[Step], wanted: impl Fn(&Step) -> bool) -> bool {
    steps.iter().any(wanted)
}

#[test]
fn each_request_tells_its_way() {
    const MIB: usize = 1 << 20;
    configure(&Config { instrument: true, ..Config::new() });
    start(1000, sink);

    let (first, steps) = obtain(100);
    assert!(has(&steps, |step| *step == Step::SystemCall("mmap")), "{steps:?}");
    assert!(has(&steps, |step| matches!(step, Step::NewHeap { bytes } if *bytes >= 4 * MIB)));
    assert!(has(&steps, |step| matches!(step, Step::NewSlab { .. })), "{steps:?}");
    assert!(has(&steps, |step| matches!(step, Step::Refill { slots } if *slots > 1)));
    let (second, steps) = obtain(112);
    assert_eq!(steps, [Step::CacheHit]);
    assert_eq!(release(second), [Step::CachePush]);

    // In place within the slot, then to a bigger one.
    let (same, steps) = resize(first, 110);
    assert_eq!((same, steps), (first, vec![Step::InPlace]));
    let (moved, steps) = resize(first, 1000);
    assert!(moved != first && has(&steps, |step| *step == Step::Moved), "{steps:?}");
    release(moved);

    // Runs: from the top, split when reused, merged when freed.
    let (low, steps) = obtain(200_000);
    assert!(has(&steps, |step| matches!(step, Step::Top { pages: 49 })), "{steps:?}");
    let (guard, _) = obtain(40_000);
    release(low);
    let (part, steps) = obtain(100_000);
    assert_eq!(part, low);
    assert!(has(&steps, |step| matches!(step, Step::RunReused { pages: 49 })), "{steps:?}");
    assert!(has(&steps, |step| *step == Step::Split { pages: 25, rest: 24 }), "{steps:?}");
    let (grown, steps) = resize(part, 150_000);
    assert!(grown == part && has(&steps, |step| *step == Step::InPlace), "{steps:?}");
    let steps = release(part);
    assert!(has(&steps, |step| matches!(step, Step::Coalesce { .. })), "{steps:?}");
    release(guard);

    let (direct, steps) = obtain(40 * MIB);
    assert!(has(&steps, |step| *step == Step::Direct { bytes: 40 * MIB }), "{steps:?}");
    assert!(has(&steps, |step| *step == Step::SystemCall("mmap")), "{steps:?}");
    let (direct, steps) = resize(direct, 60 * MIB);
    assert!(has(&steps, |step| *step == Step::SystemCall("mremap")), "{steps:?}");
    let steps = release(direct);
    assert!(has(&steps, |step| *step == Step::DirectReleased { bytes: 60 * MIB }), "{steps:?}");

    // More frees than a cache holds: a batch goes home.
    let blocks: Vec<_> = (0..100).map(|_| obtain(5000).0).collect();
    let all: Vec<_> = blocks.into_iter().flat_map(release).collect();
    assert!(has(&all, |step| matches!(step, Step::Flush { slots } if *slots > 1)), "{all:?}");

    let numbers = NUMBERS.lock().unwrap();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
    drop(numbers);
    requests_are_counted_in_bytes();
}

fn requests_are_counted_in_bytes() {
    start(0, sink);
    let before = gather();
    let blocks = [allocate(100), allocate_zeroed(33), allocate(40_000)];
    let after = gather();
    assert_eq!(after.requested_bytes - before.requested_bytes, 100 + 33 + 40_000);
    assert_eq!(after.granted_bytes - before.granted_bytes, 112 + 48 + 40_960);
    for block in blocks {
        // SAFETY: each block is freed once and not used any more.
        unsafe { free(block) }.unwrap();
    }
    assert!(SEEN.lock().unwrap().is_empty(), "no journeys after they were stopped");
}
