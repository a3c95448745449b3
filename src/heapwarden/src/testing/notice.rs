//! What a Rust program's requests mean for scopes. Called on every request to the checked heap.
//!
//! A thread belongs to the scope that its creator was in, as long as that is open. Nobody tells: Rust
//! starts a thread with a block as its argument, which its creator allocated, and that is still live
//! when the thread comes here for the first time, for it is the thread that frees it. So a new thread
//! looks for such a block in its descriptor, where libc keeps the argument. That takes no symbol of
//! ours in front of `pthread_create`, which every program would feel.
//! Cost: outside of scopes two loads per request; once per thread, if a scope is open then, a look at
//! its descriptor, some 2 KiB.

use super::blocks;
use super::scope;
use super::table::Entry;
use crate::scan::descriptor_bytes;
use heapwarden_core::tls;

/// A block was allocated.
#[inline(always)]
pub fn allocated(block: *mut u8, size: usize) {
    if scope::of_thread() != scope::NONE {
        keep(block, size, scope::NONE);
    }
}

/// A block is about to be freed or resized; what is known of it, if it belongs to a scope.
#[inline(always)]
pub fn leaves(block: *mut u8) -> Option<Entry> {
    if scope::of_thread() == 0 {
        settle_thread();
    }
    if scope::is_any_open() { blocks::take(block as usize) } else { None }
}

/// It was resized, and may lie elsewhere now; null if it is as it was.
#[inline(always)]
pub fn resized(before: Option<Entry>, block: *mut u8, size: usize) {
    match before {
        Some(entry) if block.is_null() => blocks::restore(entry),
        Some(entry) => keep(block, size, entry.scope),
        None => allocated(block, size),
    }
}

/// Keeps a new block for the thread's scope, else for `other`.
#[cold]
fn keep(block: *mut u8, size: usize, other: usize) {
    let mut number = current();
    if number == scope::NONE {
        number = other;
    }
    if number != scope::NONE && !block.is_null() {
        blocks::put(Entry { address: block as usize, size, scope: number });
    }
}

/// The scope that the calling thread is in, or [`scope::NONE`].
pub fn current() -> usize {
    if scope::of_thread() == 0 {
        settle_thread();
    }
    let number = scope::of_thread();
    if number == scope::NONE || scope::is_open(number) {
        return number;
    }
    // The scope that a thread was started in is over.
    scope::put_thread(scope::NONE);
    scope::NONE
}

#[cold]
fn settle_thread() {
    scope::put_thread(if scope::is_any_open() { inherited() } else { scope::NONE });
}

/// The scope that the thread was started in.
fn inherited() -> usize {
    let descriptor = tls::thread_pointer();
    let words = descriptor_bytes() / size_of::<usize>();
    for number in 0..words {
        // SAFETY: the thread's own descriptor, which libc says is that long.
        let word = unsafe { (descriptor as *const usize).add(number).read_volatile() };
        if word != 0
            && heapwarden_core::is_ours(word)
            && let Some(scope) = blocks::scope_of(word)
            && scope::is_open(scope)
        {
            return scope;
        }
    }
    scope::NONE
}
