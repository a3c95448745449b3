//! One input of a fuzzer, from its beginning to its end: what was allocated and freed on the way is
//! verified at the end (`fuzz_verify=1`), so that a write after free or past the end of a block is
//! blamed on this input and not on one much later.
//!
//! libFuzzer says itself when it hands an input to the target and when it has it back: it calls
//! MemorySanitizer's `__msan_scoped_enable_interceptor_checks` before and the opposite afterwards, and
//! nowhere else in this order. Other fuzzers' targets say it with [`iteration()`].
//!
//! Cost: a look at each block that was touched; more than [`TOUCHED_MAX`] of them, and the whole heap
//! is verified instead.

use super::{death, hooks};
use crate::{checked, fault, inside, start};
use core::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

/// So many calls of malloc and free are remembered one by one.
const TOUCHED_MAX: usize = 4096;

/// Set in the address of a block that was allocated; blocks start at multiples of 16.
const ALLOCATED: usize = 1;

/// Their addresses, with every bit turned: what stands here leads to no block, or a leaked one would be
/// reachable.
static TOUCHED: [AtomicUsize; TOUCHED_MAX] = [const { AtomicUsize::new(0) }; TOUCHED_MAX];
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Whether an input is under way that is to be verified.
static RUNS: AtomicBool = AtomicBool::new(false);
/// Whether what an iteration needs was set up.
static PREPARED: AtomicBool = AtomicBool::new(false);

/// An input that is under way; its end is when this is dropped.
#[must_use = "the input is through when this is dropped"]
pub struct Iteration(());

impl Drop for Iteration {
    fn drop(&mut self) {
        end();
    }
}

/// Begins an input, for targets of fuzzers that do not say so themselves: to be kept until the end of
/// the target function.
pub fn iteration() -> Iteration {
    begin();
    Iteration(())
}

/// An input begins.
pub fn begin() {
    if !PREPARED.load(Relaxed) {
        prepare();
    }
    if checked::settings().is_watched() && start::options().fuzz_verify {
        COUNT.store(0, Relaxed);
        // Release: pairs with the Acquire in `touched`.
        RUNS.store(true, Release);
    }
}

/// The input is through: what it touched is verified.
pub fn end() {
    if !RUNS.swap(false, Relaxed) || death::was_crash() || hooks::is_running() {
        return;
    }
    let count = COUNT.load(Relaxed);
    if count > TOUCHED_MAX {
        let _inside = inside::enter();
        checked::check_heap("check of the input");
        return;
    }
    for address in &TOUCHED[..count] {
        let address = !address.load(Relaxed);
        // What was freed again is there once more.
        checked::check_block(address & !ALLOCATED, address & ALLOCATED != 0, "check of the input");
    }
}

/// Whether there was an input at all.
pub(super) fn has_begun() -> bool {
    PREPARED.load(Relaxed)
}

/// A block was allocated.
#[inline]
pub(super) fn allocated(block: usize) {
    touched(block | ALLOCATED);
}

/// A block is about to be freed, or was resized.
#[inline]
pub(super) fn freed(block: usize) {
    touched(block);
}

#[inline]
fn touched(block: usize) {
    // Acquire: pairs with the Release in `begin`.
    if !RUNS.load(Acquire) {
        return;
    }
    // What another thread has noted but not yet stored is looked at when it is used again.
    if let Some(place) = TOUCHED.get(COUNT.fetch_add(1, Relaxed)) {
        place.store(!block, Relaxed);
    }
}

/// Before the first input: the fuzzer has set its handlers of signals, so ours goes in front of them.
#[cold]
fn prepare() {
    if PREPARED.swap(true, Relaxed) {
        return;
    }
    start::ensure();
    let options = start::options();
    if options.fuzz_verify {
        checked::watch();
    }
    if options.handle_segv {
        fault::install();
    }
}
