//! A first-in-first-out queue of freed blocks, shared by all threads and bounded in bytes.
//!
//! Entries come and go in batches, so the lock is taken once per batch and held for the copying
//! of a few hundred bytes. Segments come from private memory.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr;
use heapwarden_core::{PrivateHeap, RawMutex};

/// Entries of a segment; with its bookkeeping a segment is 8 KiB.
const SEGMENT_ENTRIES: usize = 510;

/// A block in the queue.
#[derive(Clone, Copy, Default)]
pub struct Entry {
    /// The slot's (or the large block's) address.
    pub address: usize,
    /// What it counts for.
    pub bytes: usize,
}

struct Segment {
    next: *mut Segment,
    filled: usize,
    entries: [Entry; SEGMENT_ENTRIES],
}

struct Queue {
    oldest: *mut Segment,
    newest: *mut Segment,
    /// Entries of the oldest segment that have left.
    taken: usize,
    bytes: usize,
    count: usize,
}

/// The queue and its lock.
pub struct Fifo {
    lock: RawMutex,
    queue: UnsafeCell<Queue>,
}

// SAFETY: the queue is only reached through `with`, under the lock, or by a child's repair, alone.
unsafe impl Sync for Fifo {}

const EMPTY: Queue =
    Queue { oldest: ptr::null_mut(), newest: ptr::null_mut(), taken: 0, bytes: 0, count: 0 };

impl Fifo {
    /// An empty queue.
    pub const fn new() -> Self {
        Self { lock: RawMutex::new(), queue: UnsafeCell::new(EMPTY) }
    }

    fn with<R>(&self, action: impl FnOnce(&mut Queue) -> R) -> R {
        // In a forked child the lock may be a dead thread's: then it is made anew first.
        heapwarden_core::check_fork();
        self.lock.lock();
        // SAFETY: the lock is held, so this is the only reference.
        let result = action(unsafe { &mut *self.queue.get() });
        self.lock.unlock();
        result
    }

    /// Queues entries. Returns how many there was memory for; the rest stays the caller's.
    pub fn push(&self, entries: &[Entry]) -> usize {
        self.with(|queue| queue.push(entries))
    }

    /// Takes the oldest entries out as long as the queue holds more than `budget` bytes or more
    /// than `most` entries, as many as `out` holds. Returns how many.
    pub fn take_beyond(&self, budget: usize, most: usize, out: &mut [Entry]) -> usize {
        self.with(|queue| queue.take_beyond(budget, most, out))
    }

    /// [`push`](Self::push), and then [`take_beyond`](Self::take_beyond) of the bytes alone.
    pub fn exchange(&self, entries: &[Entry], budget: usize, out: &mut [Entry]) -> (usize, usize) {
        self.with(|queue| (queue.push(entries), queue.take_beyond(budget, usize::MAX, out)))
    }

    /// Calls `visit` with the address of every block that waits; under the lock, so `visit` must
    /// neither allocate nor queue.
    pub fn visit(&self, visit: &mut dyn FnMut(usize)) {
        self.with(|queue| {
            let (mut segment, mut left) = (queue.oldest, queue.taken);
            // SAFETY: the segments in the queue are its own, and filled up to `filled`.
            while let Some(found) = unsafe { segment.as_ref() } {
                found.entries[left..found.filled].iter().for_each(|entry| visit(entry.address));
                (segment, left) = (found.next, 0);
            }
        });
    }

    /// Bytes that wait.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.with(|queue| queue.bytes)
    }

    /// In a forked child: if a thread of the parent was inside, starts empty; what waited is lost.
    /// Returns whether it was so.
    ///
    /// # Safety
    /// Only the repairing thread of a child runs.
    pub unsafe fn repair_after_fork(&self) -> bool {
        let is_torn = self.lock.is_held();
        if is_torn {
            // SAFETY: no other thread exists; `write` does not read the torn queue, and the lock's
            // holder does not exist.
            unsafe {
                self.queue.get().write(EMPTY);
                self.lock.reset();
            }
        }
        is_torn
    }
}

impl Queue {
    fn push(&mut self, mut entries: &[Entry]) -> usize {
        let wanted = entries.len();
        while !entries.is_empty() {
            // SAFETY: the segments in the queue are its own.
            let Some(segment) = (unsafe { self.with_room().as_mut() }) else { break };
            let room = &mut segment.entries[segment.filled..];
            let (now, later) = entries.split_at(entries.len().min(room.len()));
            room[..now.len()].copy_from_slice(now);
            segment.filled += now.len();
            self.bytes += now.iter().map(|entry| entry.bytes).sum::<usize>();
            self.count += now.len();
            entries = later;
        }
        wanted - entries.len()
    }

    /// The newest segment, with room for an entry at least; null without memory for one.
    fn with_room(&mut self) -> *mut Segment {
        // SAFETY: the segments in the queue are its own, and a fresh one is nobody else's.
        unsafe {
            if self.newest.is_null() || (*self.newest).filled == SEGMENT_ENTRIES {
                let fresh: *mut Segment = PrivateHeap.alloc(Layout::new::<Segment>()).cast();
                if fresh.is_null() {
                    return fresh;
                }
                (*fresh).next = ptr::null_mut();
                (*fresh).filled = 0;
                if self.newest.is_null() {
                    self.oldest = fresh;
                } else {
                    (*self.newest).next = fresh;
                }
                self.newest = fresh;
            }
        }
        self.newest
    }

    fn take_beyond(&mut self, budget: usize, most: usize, out: &mut [Entry]) -> usize {
        let mut count = 0;
        // SAFETY: the segments in the queue are its own, and filled up to `filled`.
        while let Some(segment) = unsafe { self.oldest.as_ref() } {
            let waiting = &segment.entries[self.taken..segment.filled];
            let before = count;
            for (place, entry) in out[before..].iter_mut().zip(waiting) {
                if self.bytes <= budget && self.count <= most {
                    break;
                }
                *place = *entry;
                self.bytes -= entry.bytes;
                self.count -= 1;
                count += 1;
            }
            self.taken += count - before;
            if count - before < waiting.len() {
                break;
            }
            self.drop_oldest();
        }
        count
    }

    /// The oldest segment, of which all has left, goes.
    fn drop_oldest(&mut self) {
        let segment = self.oldest;
        // SAFETY: the segments in the queue are its own.
        unsafe {
            self.oldest = (*segment).next;
            PrivateHeap.dealloc(segment.cast(), Layout::new::<Segment>());
        }
        if self.oldest.is_null() {
            self.newest = ptr::null_mut();
        }
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_leave_in_order_and_within_the_budget() {
        let fifo = Fifo::new();
        let (mut next_out, mut out) = (1, [Entry::default(); 7]);
        for address in 1..=5_000 {
            assert_eq!(fifo.push(&[Entry { address, bytes: 100 }]), 1);
            let count = fifo.take_beyond(50_000, usize::MAX, &mut out);
            for entry in &out[..count] {
                assert_eq!(entry.address, next_out);
                next_out += 1;
            }
            assert!(fifo.bytes() <= 50_000);
            let (mut first, mut visited) = (0, 0);
            fifo.visit(&mut |waiting| {
                assert!(visited == 0 || waiting == first + visited);
                first = if visited == 0 { waiting } else { first };
                visited += 1;
            });
            assert_eq!((first, first + visited), (next_out, address + 1));
        }
        assert_eq!(next_out, 4_501);
        while fifo.take_beyond(0, 0, &mut out) > 0 {}
        assert_eq!(fifo.bytes(), 0);
    }

    #[test]
    fn batches_come_and_go_across_segments_in_order() {
        let fifo = Fifo::new();
        let (mut next_in, mut next_out) = (1, 1);
        let mut out = [Entry::default(); 50];
        for round in 0..1_000 {
            let batch: Vec<Entry> = (next_in..)
                .map(|address| Entry { address, bytes: address })
                .take(round % 50 + 1)
                .collect();
            next_in += batch.len();
            let (queued, count) = fifo.exchange(&batch, 1_000_000, &mut out);
            assert_eq!(queued, batch.len());
            for entry in &out[..count] {
                assert_eq!((entry.address, entry.bytes), (next_out, next_out));
                next_out += 1;
            }
            assert_eq!(fifo.bytes(), (next_out..next_in).sum::<usize>());
            assert!(fifo.bytes() <= 1_000_000 || count == out.len());
        }
        assert!(next_out > 20_000);
    }
}
