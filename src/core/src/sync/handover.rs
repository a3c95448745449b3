//! How blocks go home to an arena whose lock is taken: by the mailbox, without waiting.
//!
//! A thread that frees blocks of an arena it does not use collects them in its cache and brings
//! them home in batches under that arena's lock: one lock per batch, not per block. When the lock
//! is taken it leaves the batch in the arena's mailbox instead; whoever next takes the lock
//! empties it.
//!
//! The mailbox is a stack of batches: any thread pushes, the holder of the arena's lock takes all.
//! Taking everything at once is what makes it free of the ABA problem.
//! Cost: one compare-exchange per batch; a load when it is empty.

use super::atomic::{AtomicPtr, Ordering, constructor};
use core::ptr;

/// Blocks in a batch; with the two words of bookkeeping a batch is 512 bytes.
pub const BATCH_BLOCKS: usize = 62;

/// Addresses of freed blocks on their way home. Lives in private memory, never in the blocks.
pub struct Batch {
    next: *mut Batch,
    /// How many of `blocks` are used.
    pub count: usize,
    /// The blocks' addresses.
    pub blocks: [usize; BATCH_BLOCKS],
}

impl Batch {
    /// An empty batch.
    pub const fn new() -> Self {
        Self { next: ptr::null_mut(), count: 0, blocks: [0; BATCH_BLOCKS] }
    }

    /// The batch that was left before this one; only for who took the stack.
    pub fn next(&self) -> *mut Batch {
        self.next
    }

    /// Puts this batch before `next` in a private list.
    pub fn link(&mut self, next: *mut Batch) {
        self.next = next;
    }
}

/// Batches left for one arena.
pub struct Mailbox {
    newest: AtomicPtr<Batch>,
}

impl Mailbox {
    constructor! {
        /// An empty mailbox.
        pub fn new() -> Self {
            Self { newest: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    /// Leaves a batch.
    ///
    /// # Safety
    /// `batch` is a live batch that only the caller knows; it belongs to the mailbox afterwards.
    pub unsafe fn leave(&self, batch: *mut Batch) {
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            // SAFETY: still private to the caller.
            unsafe { (*batch).next = newest };
            // Release: pairs with the Acquire in `take_all`, which then sees the batch's contents.
            match self.newest.compare_exchange(newest, batch, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(current) => newest = current,
            }
        }
    }

    /// Takes all batches, newest first (null when there is none); they belong to the caller.
    pub fn take_all(&self) -> *mut Batch {
        if self.newest.load(Ordering::Relaxed).is_null() {
            return ptr::null_mut();
        }
        // Acquire: pairs with the Release in `leave`.
        self.newest.swap(ptr::null_mut(), Ordering::Acquire)
    }
}
