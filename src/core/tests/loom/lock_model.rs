//! The lock, model-checked.

use crate::lock::RawMutex;
use loom::{cell::UnsafeCell, sync::Arc, thread};

struct Counter {
    lock: RawMutex,
    value: UnsafeCell<u32>,
}

// SAFETY: the test reaches the value only under the lock; loom checks just that.
unsafe impl Sync for Counter {}

/// Goal: the holder is alone, sees what the last holder wrote, and no sleeper is forgotten.
/// Method: loom explores the interleavings of four lockers, one of which only tries.
#[test]
fn loom_lock_excludes_and_publishes() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let counter = Arc::new(Counter { lock: RawMutex::new(), value: UnsafeCell::new(0) });
        let others: Vec<_> = (0..3)
            .map(|index| {
                let counter = Arc::clone(&counter);
                thread::spawn(move || {
                    if index < 2 {
                        counter.lock.lock();
                    } else if !counter.lock.try_lock() {
                        return 0;
                    }
                    // SAFETY: the lock is held.
                    counter.value.with_mut(|value| unsafe { *value += 1 });
                    counter.lock.unlock();
                    1
                })
            })
            .collect();
        counter.lock.lock();
        // SAFETY: the lock is held.
        counter.value.with_mut(|value| unsafe { *value += 1 });
        counter.lock.unlock();
        let added: u32 = others.into_iter().map(|other| other.join().unwrap()).sum();
        counter.lock.lock();
        // SAFETY: the lock is held.
        assert_eq!(counter.value.with(|value| unsafe { *value }), added + 1);
        counter.lock.unlock();
    });
}
