//! Things by number, in memory that only grows: chunks, mapped as they fill and never given back.
//!
//! Numbers are claimed by a compare-and-swap: nothing here can be left half done by a thread that
//! dies in a fork but things that nobody finds. 0 is no number.
//! Cost: a load for the chunk in front of each thing; 64 KiB of zero pages for the chunks' addresses.

use core::marker::PhantomData;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::os::mapping;

/// How many things a chunk holds.
pub const CHUNK: usize = 32 * 1024;
/// How many chunks there can be.
pub const CHUNKS: usize = 8 * 1024;

/// What can be kept by number.
///
/// # Safety
/// Zeroed memory is a valid value, and values are shared between threads from the start.
pub unsafe trait Zeroed: Sync {}

/// All things of one kind.
pub struct Numbered<T> {
    chunks: [AtomicPtr<T>; CHUNKS],
    /// The next free number less one, so that zeroed memory has none.
    used: AtomicU32,
    things: PhantomData<T>,
}

impl<T: Zeroed> Numbered<T> {
    /// None yet.
    pub const fn new() -> Numbered<T> {
        let chunks = [const { AtomicPtr::new(core::ptr::null_mut()) }; CHUNKS];
        Numbered { chunks, used: AtomicU32::new(0), things: PhantomData }
    }

    /// Where the addresses of the chunks lie, for debuggers.
    pub const fn place(&self) -> *const AtomicPtr<T> {
        self.chunks.as_ptr()
    }

    /// The highest number that was claimed.
    pub fn last(&self) -> u32 {
        self.used.load(Relaxed)
    }

    /// The thing of that number, if there can be one.
    #[inline(always)]
    pub fn get(&self, number: u32) -> Option<&T> {
        if number == 0 {
            return None;
        }
        // Acquire: pairs with the Release in `chunk`.
        let chunk = self.chunks.get(number as usize / CHUNK)?.load(Acquire);
        if chunk.is_null() {
            return None;
        }
        // SAFETY: within a chunk, which is never unmapped; zeroed memory is a valid `T`.
        Some(unsafe { &*chunk.add(number as usize % CHUNK) })
    }

    /// The thing of a number that was claimed.
    ///
    /// # Safety
    /// It was, and by whom is known to this thread.
    #[inline(always)]
    pub unsafe fn claimed(&self, number: u32) -> &T {
        // SAFETY: the caller's promise: the chunk is mapped, and never unmapped.
        unsafe {
            let chunk = self.chunks.get_unchecked(number as usize / CHUNK).load(Acquire);
            &*chunk.add(number as usize % CHUNK)
        }
    }

    /// A number that nobody has, and its thing, all zero. `None` when there is no room, which is
    /// told once.
    pub fn claim(&self) -> Option<(u32, &T)> {
        let mut used = self.used.load(Relaxed);
        loop {
            let number = used + 1;
            if number as usize >= CHUNKS * CHUNK || !self.has_chunk(number as usize / CHUNK) {
                crate::shortage::tell();
                return None;
            }
            match self.used.compare_exchange_weak(used, number, Relaxed, Relaxed) {
                Ok(_) => return Some((number, self.get(number)?)),
                Err(current) => used = current,
            }
        }
    }

    fn has_chunk(&self, index: usize) -> bool {
        let slot = &self.chunks[index];
        if !slot.load(Acquire).is_null() {
            return true;
        }
        let bytes = CHUNK * size_of::<T>();
        let Some(fresh) = mapping::map(bytes) else { return false };
        let none = core::ptr::null_mut();
        // Release: pairs with the Acquire in `get`.
        if slot.compare_exchange(none, fresh as *mut T, Release, Acquire).is_err() {
            // SAFETY: mapped above and not shared.
            unsafe { mapping::unmap(fresh, bytes) };
        }
        true
    }
}
