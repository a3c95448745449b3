//! Functions of the fuzzer that are called with every block, as `__sanitizer_install_malloc_and_free_hooks`
//! wants them: after an allocation, and before a block is freed.
//!
//! A request that fails is told as well, as a block at address 0, if it is a large one: whoever limits
//! the size of a single allocation wants to hear of it.
//! Invariants: no lock of the heap is held while a hook runs; it may allocate, print, take a stack,
//! and end the process. What it allocates calls no hook, nor does what this library allocates.

use super::iteration;
use crate::{checked, inside, start};
use core::ffi::c_void;
use core::mem::transmute;
use core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::tls;

/// Called with a new block and the size that was asked for.
pub type MallocHook = extern "C-unwind" fn(*const c_void, usize);
/// Called with a block that is about to be freed.
pub type FreeHook = extern "C-unwind" fn(*const c_void);

/// Two functions by their addresses; 0 for none.
struct Pair {
    malloc: AtomicUsize,
    free: AtomicUsize,
}

/// AddressSanitizer has room for as many.
static PAIRS: [Pair; 5] =
    [const { Pair { malloc: AtomicUsize::new(0), free: AtomicUsize::new(0) } }; 5];

/// From this size on a request that failed is told.
const LARGE: usize = 1 << 20;

/// Which of the thread block's words says that a hook runs; its lower half is `leaks::ignore`'s.
const WORD: usize = 3;
const RUNS: usize = 1 << 32;

/// Installs a pair of hooks for the rest of the process. Returns its number from 1 on; 0 when there is
/// no room, or no checked heap that could call them.
pub fn install(malloc: MallocHook, free: FreeHook) -> usize {
    start::ensure();
    if !checked::settings().active {
        return 0;
    }
    for (index, pair) in PAIRS.iter().enumerate() {
        if pair.free.compare_exchange(0, free as usize, Relaxed, Relaxed).is_ok() {
            // Release: pairs with the Acquire in `each`.
            pair.malloc.store(malloc as usize, Release);
            checked::watch();
            return index + 1;
        }
    }
    0
}

/// A block was allocated, or could not be.
#[inline]
pub(crate) fn allocated(block: *const u8, size: usize) {
    if block.is_null() && size < LARGE {
        return;
    }
    iteration::allocated(block.addr());
    call(&|malloc, _| malloc(block.cast(), size));
}

/// A block is about to be freed.
#[inline]
pub(crate) fn freeing(block: *const u8) {
    iteration::freed(block.addr());
    call(&|_, free| free(block.cast()));
}

/// A block got another size where it lies: one that is freed, and one that is allocated.
#[inline]
pub(crate) fn resized(block: *const u8, size: usize) {
    iteration::freed(block.addr());
    call(&|malloc, free| {
        free(block.cast());
        malloc(block.cast(), size);
    });
}

/// Whether this thread is in a hook.
pub(crate) fn is_running() -> bool {
    // SAFETY: the thread block is this thread's; the word is this module's.
    unsafe { (*tls::block()).reserved[WORD] & RUNS != 0 }
}

#[inline]
fn call(visit: &dyn Fn(MallocHook, FreeHook)) {
    // Acquire: pairs with the Release in `install`.
    if PAIRS[0].malloc.load(Acquire) == 0 || is_running() || inside::is_inside() {
        return;
    }
    // SAFETY: as in `is_running`.
    unsafe { (*tls::block()).reserved[WORD] |= RUNS };
    for pair in &PAIRS {
        let (malloc, free) = (pair.malloc.load(Acquire), pair.free.load(Relaxed));
        if malloc != 0 {
            // SAFETY: what `install` was given.
            unsafe {
                visit(transmute::<usize, MallocHook>(malloc), transmute::<usize, FreeHook>(free));
            }
        }
    }
    // SAFETY: as in `is_running`.
    unsafe { (*tls::block()).reserved[WORD] &= !RUNS };
}
