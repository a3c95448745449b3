//! Stacks for the work of our signal handlers.
//!
//! A handler runs on the stack of whatever it interrupts, or on an alternate stack that the program
//! made for its own handlers: eight KiB, of which the kernel's frame takes half. What ours need must
//! not count there, so they work on one of a few stacks of the library.
//!
//! Cost: two system calls, for no signal may come in between; untouched stacks are not resident.

use crate::report;
use crate::unwind;
use core::cell::UnsafeCell;
use core::ops::Range;
use core::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::layout::Fact;

const BYTES: usize = 64 * 1024;

#[repr(align(64))]
struct Stack {
    memory: UnsafeCell<[u8; BYTES]>,
    busy: AtomicBool,
}

// SAFETY: the memory is used by whoever set `busy`.
unsafe impl Sync for Stack {}

static STACKS: [Stack; 4] =
    [const { Stack { memory: UnsafeCell::new([0; BYTES]), busy: AtomicBool::new(false) } }; 4];

/// Where these stacks lie.
pub fn memory() -> Range<usize> {
    let start = STACKS.as_ptr() as usize;
    start..start + size_of_val(&STACKS)
}

/// Calls `action` on a stack of the library, with signals blocked; on the one in use, if as many
/// threads are in here as there are stacks.
pub fn run(action: &mut dyn FnMut()) {
    // Acquire: pairs with the Release of the last user.
    let take = |stack: &&Stack| stack.busy.compare_exchange(false, true, Acquire, Relaxed).is_ok();
    let before = unwind::block_signals();
    match STACKS.iter().find(take) {
        Some(stack) => {
            let top = stack.memory.get() as usize + BYTES;
            // SAFETY: the end of a stack that is this thread's alone until `busy` is cleared.
            unsafe { report::call_on(top, action) };
            stack.busy.store(false, Release);
        }
        None => action(),
    }
    unwind::restore_signals(before);
}

/// For debuggers.
pub static FACTS: [Fact; 2] = [
    Fact::place("handler_stacks", &raw const STACKS),
    Fact::number("handler_stacks.bytes", size_of::<[Stack; 4]>()),
];
