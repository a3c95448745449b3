//! Headers where they stand: one atomic word, read, written, or exchanged when the block changes hands.
//!
//! Cost: a load, a store, or a compare-and-swap, which is a locked instruction only while the process
//! has more than one thread.

use super::Header;
use crate::chunk::alone::{self, Alone};
use core::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

impl Header {
    /// Reads the header at `address`.
    ///
    /// # Safety
    /// `address` is a multiple of 8 in memory of this allocator that is mapped and readable.
    #[inline(always)]
    pub unsafe fn read(address: usize) -> Self {
        // Acquire: pairs with the Release in `write`: who sees a state sees what led to it.
        // SAFETY: the caller's promise.
        Self(unsafe { (*(address as *const AtomicU64)).load(Acquire) })
    }

    /// Writes the value as it is at `address`.
    ///
    /// # Safety
    /// As for [`Header::read`], and the chunk is the caller's.
    #[inline(always)]
    pub unsafe fn put(self, address: usize) {
        // Release: pairs with the Acquire in `read`.
        // SAFETY: the caller's promise.
        unsafe { (*(address as *const AtomicU64)).store(self.0, Release) };
    }

    /// Writes the header, sealed, at `address`.
    ///
    /// # Safety
    /// As for [`Header::read`], and the chunk is the caller's.
    #[inline(always)]
    pub unsafe fn write(self, address: usize) {
        // SAFETY: the caller's promise.
        unsafe { (*(address as *const AtomicU64)).store(self.sealed(address).0, Release) };
    }

    /// Replaces `self`, just read from `address`, by `next` as it is; false when another thread was
    /// faster.
    ///
    /// # Safety
    /// As for [`Header::read`].
    #[inline(always)]
    pub unsafe fn exchange(self, next: Header, address: usize) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.exchange_by(Alone::find(), next, address) }
    }

    /// [`exchange`](Self::exchange), with the place of libc's flag at hand.
    ///
    /// # Safety
    /// As for [`Header::read`].
    #[inline(always)]
    pub unsafe fn exchange_by(self, alone: Alone, next: Header, address: usize) -> bool {
        if alone.holds() {
            // SAFETY: no other thread can run; the rest is the caller's promise.
            return unsafe { alone::exchange(address as *mut u64, self.0, next.0) };
        }
        // SAFETY: the caller's promise.
        let word = unsafe { &*(address as *const AtomicU64) };
        // Acquire/Release: the winner of a race to free sees the block as the loser left it.
        word.compare_exchange(self.0, next.0, AcqRel, Relaxed).is_ok()
    }
}
