//! The pool of batches for the mailboxes. A batch is used only when an arena's lock was found
//! taken, so a few are enough for any program; they are never unmapped.

use crate::private_heap;
use crate::sync::Locked;
use crate::sync::handover::Batch;
use core::ptr;

struct Pool(*mut Batch);

// SAFETY: the batches in the pool belong to it, and it is behind a lock.
unsafe impl Send for Pool {}

static POOL: Locked<Pool> = Locked::new(Pool(ptr::null_mut()));

/// An empty batch; null when there is no memory.
pub fn take() -> *mut Batch {
    let pooled = POOL.with(|pool| {
        let batch = pool.0;
        if !batch.is_null() {
            // SAFETY: pooled batches are live and the pool's.
            pool.0 = unsafe { (*batch).next() };
        }
        batch
    });
    let batch = if pooled.is_null() {
        private_heap::permanent(size_of::<Batch>(), align_of::<Batch>()).cast()
    } else {
        pooled
    };
    if !batch.is_null() {
        // SAFETY: private memory of a batch's size that nobody else knows.
        unsafe { batch.write(Batch::new()) };
    }
    batch
}

/// Returns a batch to the pool.
///
/// # Safety
/// `batch` came from [`take`] and is the caller's.
pub unsafe fn give_back(batch: *mut Batch) {
    POOL.with(|pool| {
        // SAFETY: the caller's promise.
        unsafe { (*batch).link(pool.0) };
        pool.0 = batch;
    });
}

/// Puts the pool in order in a forked child.
///
/// # Safety
/// Only the repairing thread runs.
pub unsafe fn repair_after_fork() {
    // SAFETY: the caller's promise.
    unsafe { POOL.restart(Pool(ptr::null_mut())) };
}
