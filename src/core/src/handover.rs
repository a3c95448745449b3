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

use crate::sync::{AtomicPtr, Ordering};
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
    /// An empty mailbox.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self { newest: AtomicPtr::new(ptr::null_mut()) }
    }

    /// An empty mailbox.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self { newest: AtomicPtr::new(ptr::null_mut()) }
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

#[cfg(all(test, loom))]
mod loom_tests {
    use super::{Batch, Mailbox};
    use crate::lock::RawMutex;
    use loom::{sync::Arc, thread};

    struct Arena {
        lock: RawMutex,
        mailbox: Mailbox,
        received: loom::cell::UnsafeCell<usize>,
    }

    /// A batch with one block, in a cell whose accesses loom checks.
    #[repr(C)]
    struct Parcel {
        batch: Batch,
        block: loom::cell::UnsafeCell<usize>,
    }

    // SAFETY: `received` is only reached under the lock; batches are owned by one side at a time.
    unsafe impl Sync for Arena {}

    impl Arena {
        /// What a holder of the lock does.
        fn drain(&self) {
            let mut batch = self.mailbox.take_all();
            while !batch.is_null() {
                // SAFETY: taken from the mailbox, so it is ours, and was boxed by `bring`.
                let taken = unsafe { Box::from_raw(batch.cast::<Parcel>()) };
                // SAFETY: the parcel is ours.
                let block = taken.block.with(|block| unsafe { *block });
                // SAFETY: the lock is held.
                self.received.with_mut(|sum| unsafe { *sum += block });
                batch = taken.batch.next();
            }
        }

        /// The protocol of a thread that frees a foreign block: the lock if it is free, else the
        /// mailbox.
        fn bring(&self, block: usize) {
            if self.lock.try_lock() {
                // SAFETY: the lock is held.
                self.received.with_mut(|sum| unsafe { *sum += block });
                self.drain();
                self.lock.unlock();
            } else {
                let cell = loom::cell::UnsafeCell::new(0);
                let parcel = Box::new(Parcel { batch: Batch::new(), block: cell });
                // SAFETY: just made.
                parcel.block.with_mut(|place| unsafe { *place = block });
                // SAFETY: given away.
                unsafe { self.mailbox.leave(Box::into_raw(parcel).cast()) };
            }
        }
    }

    /// Goal: no block is lost or seen twice, and a drained batch's contents are visible. Method:
    /// loom explores two threads bringing blocks home while the owner works under its lock.
    #[test]
    fn loom_every_block_comes_home_once() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let arena = Arc::new(Arena {
                lock: RawMutex::new(),
                mailbox: Mailbox::new(),
                received: loom::cell::UnsafeCell::new(0),
            });
            let others: Vec<_> = [1usize, 10]
                .into_iter()
                .map(|block| {
                    let arena = Arc::clone(&arena);
                    thread::spawn(move || arena.bring(block))
                })
                .collect();
            arena.lock.lock();
            arena.drain();
            arena.lock.unlock();
            for other in others {
                other.join().unwrap();
            }
            arena.lock.lock();
            arena.drain();
            // SAFETY: the lock is held.
            assert_eq!(arena.received.with(|sum| unsafe { *sum }), 11);
            arena.lock.unlock();
        });
    }
}
