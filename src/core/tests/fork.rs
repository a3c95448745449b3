//! Forking while other threads are inside the core.
//!
//! Goal: a child never hangs and never meets a torn structure, whatever the parent's threads were
//! doing, whichever call it makes first, and although it starts threads of its own. Method: some
//! hundred forks of a process whose threads allocate and free without pause; each child has an
//! alarm, so that a hang is a failure. `HEAPWARDEN_FORKS` sets how many.

mod support;

use heapwarden_core::size_class::TABLE;
use heapwarden_core::statistics::{arenas, bins, gather};
use heapwarden_core::{
    allocate, allocate_aligned, allocate_zeroed, free, locate, reallocate, trim, verify_structures,
    walk,
};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use support::block::Block;
use support::child::{self, End};
use support::random::Random;
use support::sizes;

static STOP: AtomicBool = AtomicBool::new(false);
static ROUNDS: AtomicU64 = AtomicU64::new(0);

fn filled(address: *mut u8, usable: usize, seed: u64) -> Block {
    assert!(!address.is_null(), "no memory for {usable} bytes");
    let block = Block { address: address as usize, usable, seed };
    block.fill();
    block
}

fn release(block: Block) {
    block.verify("before free");
    // SAFETY: each block is freed once, by who holds it last.
    unsafe { free(block.address as *mut u8) }.expect("a live block");
}

/// What a thread of the parent does all the time: every way into the core, so that forks find
/// every lock held now and then.
fn hammer(number: usize) {
    let mut random = Random::derived(3, number, 0);
    let mut blocks = Vec::new();
    while !STOP.load(Relaxed) {
        let size = sizes::size(&mut random).min(2 << 20);
        blocks.push(filled(allocate(size), size.min(256), random.next()));
        if blocks.len() > 200 || random.below(2) == 0 {
            release(blocks.swap_remove(random.below(blocks.len())));
        }
        if random.below(500) == 0 {
            trim(0);
        }
        ROUNDS.fetch_add(1, Relaxed);
    }
    blocks.into_iter().for_each(release);
}

/// Blocks of all sizes and kinds, with contents.
fn exercise() {
    let mut blocks = Vec::new();
    for class in &TABLE[1..] {
        for seed in 0..20 {
            let size = class.slot_bytes as usize;
            blocks.push(filled(allocate(size), size, seed));
        }
    }
    for size in [50_000, 300_000, 5 << 20, 33 << 20] {
        blocks.push(filled(allocate(size), size.min(100_000), 1));
        blocks.push(filled(allocate_zeroed(size), size.min(100_000), 2));
        blocks.push(filled(allocate_aligned(size, 8192), size.min(100_000), 3));
    }
    for block in &mut blocks {
        let size = block.usable * 3 / 2;
        // SAFETY: live, and this thread's alone.
        let moved = unsafe { reallocate(block.address as *mut u8, size) }.expect("a live block");
        assert!(!moved.is_null());
        block.address = moved as usize;
    }
    blocks.into_iter().for_each(release);
}

/// The call that a child makes first: any of them must notice the fork.
fn first_call(number: usize, inherited: Block) {
    match number % 12 {
        0 => drop(gather()),
        1 => arenas(&mut |_| {}),
        2 => bins(&mut |_| {}),
        3 => verify_structures(),
        4 => walk(&mut |_| {}),
        5 => {
            trim(0);
        }
        6 => release(inherited),
        7 => {
            // SAFETY: live, and in the child nobody else's.
            let moved = unsafe { reallocate(inherited.address as *mut u8, 1 << 20) };
            assert!(!moved.expect("a live block").is_null());
        }
        8 => assert!(locate(inherited.address).is_some_and(|found| found.live)),
        9 => assert!(!allocate_aligned(100, 1 << 16).is_null()),
        10 => thread::spawn(exercise).join().expect("a thread of the child"),
        _ => exercise(),
    }
}

fn child_life(number: usize, inherited: Block) {
    first_call(number, inherited);
    exercise();
    verify_structures();
    let threads: Vec<_> = (0..3).map(|_| thread::spawn(exercise)).collect();
    exercise();
    threads.into_iter().for_each(|thread| thread.join().expect("a thread of the child"));
    verify_structures();
    walk(&mut |found| assert!(locate(found.block).is_some()));
    let (all, mut assigned) = (gather(), 0);
    arenas(&mut |arena| assigned += arena.threads);
    assert_eq!(all.threads, 1, "{all:?}");
    // A thread that only started the one which noticed the fork is not assigned anew.
    assert!(assigned == 1 || (number % 12 == 10 && assigned == 0), "{assigned} threads");
    // A child of the child.
    if number.is_multiple_of(10) {
        assert_eq!(child::run(exercise), End::Status(0), "the grandchild");
    }
}

#[test]
fn children_of_a_busy_process_live() {
    let forks = std::env::var("HEAPWARDEN_FORKS").map_or(500, |value| value.parse().unwrap());
    // The first thread that uses the core is one that a child does not have.
    let first = thread::spawn(|| hammer(0));
    while ROUNDS.load(Relaxed) == 0 {
        thread::yield_now();
    }
    let others: Vec<_> = (1..4).map(|number| thread::spawn(move || hammer(number))).collect();
    for number in 0..forks {
        let size = [100, 20_000, 100_000, 40 << 20][number / 12 % 4];
        let inherited = filled(allocate(size), size.min(1000), number as u64);
        let end = child::run(|| child_life(number, inherited));
        assert_eq!(end, End::Status(0), "child {number}, whose first call was {}", number % 12);
        release(inherited);
    }
    STOP.store(true, Relaxed);
    first.join().unwrap();
    others.into_iter().for_each(|thread| thread.join().unwrap());
    verify_structures();
}
