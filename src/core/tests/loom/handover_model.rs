//! The way home of freed blocks, model-checked.

use crate::handover::{Batch, Mailbox};
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
