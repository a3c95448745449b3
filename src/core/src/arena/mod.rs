//! An arena: a lock, small bins, large bins, heaps, and a mailbox for blocks coming home.
//!
//! Threads take slots in batches and bring them back in batches, so the lock is taken once per
//! batch. All that is behind the lock is in [`Inner`]; [`Arena::enter`] is the only way in.
//! An arena whose lock was held by another thread when this process was forked is abandoned in
//! the child: what it lent stays valid, nothing is taken from it or given back to it.

pub mod arenas;
pub mod batch;

use crate::journey::{Step, note};
use crate::os::PAGE;
use crate::pages::Pages;
use crate::pages::heap::Heap;
use crate::pages::run::{LARGE_CLASS, Run, RunState};
use crate::slabs::size_class::CLASSES;
use crate::slabs::small_bin::SmallBin;
use crate::statistics::live;
use crate::sync::RawMutex;
use crate::sync::handover::Mailbox;
use core::cell::UnsafeCell;
use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed},
};

/// One arena.
pub struct Arena {
    lock: RawMutex,
    /// Blocks left by threads that found the lock taken.
    pub mailbox: Mailbox,
    /// The arena created after this one.
    pub next: AtomicPtr<Arena>,
    /// Its number, in order of creation.
    pub index: u32,
    /// Threads assigned to it.
    pub threads: AtomicU32,
    /// How often a thread found the lock taken.
    pub contended: AtomicU64,
    /// Torn by a fork; see above.
    abandoned: AtomicBool,
    inner: UnsafeCell<Inner>,
}

/// What the arena's lock protects.
pub struct Inner {
    /// Page runs.
    pub pages: Pages,
    /// Slabs with free slots, by class.
    pub bins: [SmallBin; CLASSES],
    /// Batches of slots taken.
    pub refills: u64,
    /// Batches of slots brought back.
    pub flushes: u64,
    /// Bytes of slots and large blocks that are out, thread caches included.
    pub out_bytes: usize,
}

/// Why a block could not be taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misuse {
    /// The address does not belong to this allocator.
    Foreign,
    /// It lies within one of our blocks or slabs, but no block starts there.
    Interior,
    /// The block is free already.
    DoubleFree,
}

/// The key to an arena's inside.
pub struct Entered<'a> {
    arena: &'a Arena,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.arena.lock.unlock();
    }
}

impl core::ops::Deref for Entered<'_> {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        // SAFETY: the lock is held for as long as the key exists.
        unsafe { &*self.arena.inner.get() }
    }
}

impl core::ops::DerefMut for Entered<'_> {
    fn deref_mut(&mut self) -> &mut Inner {
        // SAFETY: the lock is held for as long as the key exists, and there is one key.
        unsafe { &mut *self.arena.inner.get() }
    }
}

impl Arena {
    /// Makes an empty arena at `place`.
    ///
    /// # Safety
    /// `place` is private memory of the right size and alignment that nobody uses.
    pub unsafe fn create(place: *mut Arena, index: u32) {
        // SAFETY: the caller's promise.
        unsafe {
            place.write(Arena {
                lock: RawMutex::new(),
                mailbox: Mailbox::new(),
                next: AtomicPtr::new(core::ptr::null_mut()),
                index,
                threads: AtomicU32::new(0),
                contended: AtomicU64::new(0),
                abandoned: AtomicBool::new(false),
                inner: UnsafeCell::new(Inner {
                    pages: Pages::new(),
                    bins: [const { SmallBin::new() }; CLASSES],
                    refills: 0,
                    flushes: 0,
                    out_bytes: 0,
                }),
            });
        }
    }

    /// Whether the arena must not be entered any more.
    pub fn is_abandoned(&self) -> bool {
        self.abandoned.load(Acquire)
    }

    /// In a forked child: gives the arena up if a thread of the parent was inside.
    pub fn abandon_if_torn(&self) {
        if self.lock.is_held() {
            self.abandoned.store(true, Relaxed);
        }
    }

    /// Takes the lock if it is free, and what was left in the mailbox.
    pub fn try_enter(&self) -> Option<Entered<'_>> {
        if self.is_abandoned() || !self.lock.try_lock() {
            return None;
        }
        Some(self.entered())
    }

    /// Takes the lock, waiting for it. `None` when the arena is abandoned.
    pub fn enter(&self) -> Option<Entered<'_>> {
        if self.is_abandoned() {
            return None;
        }
        self.lock.lock();
        Some(self.entered())
    }

    /// Takes the lock and touches nothing; an abandoned arena has no lock any more.
    pub fn hold(&self) {
        if !self.is_abandoned() {
            self.lock.lock();
        }
    }

    /// Undoes [`Arena::hold`].
    pub fn let_go(&self) {
        if !self.is_abandoned() {
            self.lock.unlock();
        }
    }

    fn entered(&self) -> Entered<'_> {
        let mut key = Entered { arena: self };
        let mut left = self.mailbox.take_all();
        while !left.is_null() {
            // SAFETY: taken from the mailbox, so the batch is ours until it is given back.
            unsafe {
                let batch = &mut *left;
                for &address in &batch.blocks[..batch.count] {
                    // A misuse in a batch was found too late to say whose it was; the slot stays
                    // as it is, which is the safe side.
                    let _ = key.put(address);
                }
                let next = batch.next();
                batch::give_back(left);
                left = next;
            }
        }
        key
    }
}

/// The run that `address` lies in, if it lies in a slab or large block of `heap`.
///
/// # Safety
/// `heap` is a heap that `address` lies in.
pub unsafe fn run_of(heap: *mut Heap, address: usize) -> Option<*mut Run> {
    // SAFETY: the caller's promise; a page with a class byte has a `first` entry.
    unsafe {
        let page = (*heap).page_of(address);
        if (*heap).class(page) == 0 {
            return None;
        }
        let run = (*heap).run((*heap).first_page(page));
        // A page that another thread is describing anew right now may lead to no run yet.
        ((*run).heap == heap).then_some(run)
    }
}

impl Inner {
    /// Takes up to `wanted` slots of `class`, writing them downwards from `end`; at most one slab
    /// is created for it. Returns how many.
    ///
    /// # Safety
    /// `self` is the inside of `arena`; `wanted` words below `end` are the caller's.
    pub unsafe fn take_slots(
        &mut self,
        arena: *mut Arena,
        class: usize,
        end: *mut usize,
        wanted: usize,
    ) -> usize {
        self.refills += 1;
        // SAFETY: the caller's promise.
        let taken = unsafe { self.bins[class].take(&mut self.pages, arena, class, end, wanted) };
        self.count_out(taken * crate::slabs::size_class::TABLE[class].slot_bytes as usize);
        taken
    }

    /// Takes a large block of `pages`, aligned. Null when there is no memory.
    ///
    /// # Safety
    /// `self` is the inside of `arena`.
    pub unsafe fn take_large(
        &mut self,
        arena: *mut Arena,
        pages: usize,
        alignment_pages: usize,
    ) -> *mut Run {
        // SAFETY: the caller's promise.
        let run = unsafe { self.pages.take(arena, pages, alignment_pages, LARGE_CLASS) };
        if !run.is_null() {
            self.count_out(pages * PAGE);
        }
        run
    }

    /// Puts a block of this arena back: a slot or a large block.
    ///
    /// # Safety
    /// `self` is the inside of the arena that owns the heap `address` lies in; nobody uses the
    /// block any more.
    pub unsafe fn put(&mut self, address: usize) -> Result<(), Misuse> {
        let Some(crate::pages::page_map::Owner::Heap(heap)) =
            crate::pages::page_map::owner_of(address)
        else {
            return Err(Misuse::Foreign);
        };
        // SAFETY: the heap is live: one of its blocks was still out.
        unsafe {
            let Some(run) = run_of(heap, address) else { return Err(Misuse::DoubleFree) };
            match (*run).state {
                RunState::Slab => {
                    let class = (*run).class as usize;
                    self.bins[class].put(&mut self.pages, run, address)?;
                    self.count_back(crate::slabs::size_class::TABLE[class].slot_bytes as usize);
                }
                RunState::Large if Run::address(run) == address => {
                    self.count_back((*run).pages as usize * PAGE);
                    self.pages.put(run);
                }
                _ => return Err(Misuse::Interior),
            }
        }
        Ok(())
    }

    /// Notes a batch brought back.
    pub fn count_flush(&mut self, slots: usize) {
        self.flushes += 1;
        note(Step::Flush { slots: slots as u32 });
    }

    /// Notes bytes that went out.
    pub fn count_out(&mut self, bytes: usize) {
        self.out_bytes += bytes;
        live::add(bytes);
    }

    /// Notes bytes that came back.
    pub fn count_back(&mut self, bytes: usize) {
        self.out_bytes -= bytes;
        live::subtract(bytes);
    }
}
