//! A run: consecutive pages of a heap that are free together, one slab, or one large block.
//!
//! The descriptor of a run is the one of its first page; those of its other pages mean nothing.
//! All fields belong to the arena that owns the heap, under its lock, but for a live block's
//! `pages`, which its user may read.

use crate::field;
use crate::layout::Fact;
use crate::os::PAGE;
use crate::pages::heap::Heap;

/// The class byte of a large block's pages; no slab has it.
pub const LARGE_CLASS: u8 = 0xFF;

/// What a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum RunState {
    /// Never described: what zeroed metadata says.
    #[expect(dead_code, reason = "read from zeroed memory, never written")]
    Unused = 0,
    /// Free, and in a large bin.
    Free,
    /// Cut into slots.
    Slab,
    /// One block.
    Large,
}

/// One run's descriptor, a cache line.
#[repr(C)]
pub struct Run {
    /// Neighbour in the list this run is in: a large bin's if free, a small bin's if a slab.
    pub next: *mut Run,
    /// The neighbour before.
    pub previous: *mut Run,
    /// The heap it lies in.
    pub heap: *mut Heap,
    /// Its first page's number in the heap.
    pub page: u32,
    /// How many pages.
    pub pages: u32,
    /// Slots of the slab.
    pub slots: u32,
    /// Slots that are free, that is neither live nor in a thread's cache.
    pub free_slots: u32,
    /// No word of the bitmap below this one has a free slot.
    pub first_free_word: u32,
    /// When it became free, in milliseconds of the coarse clock, truncated.
    pub freed_at: u32,
    /// What it is.
    pub state: RunState,
    /// The size class of a slab.
    pub class: u8,
    /// Whether its pages are known to read as zero.
    pub clean: bool,
    /// Whether the slab is in its bin's list.
    pub listed: bool,
    /// Slots below this one were announced to the layer above.
    pub carved: u32,
    /// A word for the layer above; 0 when the slab is made.
    pub extension: core::sync::atomic::AtomicUsize,
}

const _: () = assert!(size_of::<Run>() == 64);

impl Run {
    /// Where its first page starts.
    ///
    /// # Safety
    /// `run` is a run of a live heap.
    pub unsafe fn address(run: *const Run) -> usize {
        // SAFETY: the caller's promise.
        unsafe { (*(*run).heap).base + (*run).page as usize * PAGE }
    }
}

/// A doubly linked list of runs through `next` and `previous`.
pub struct RunList {
    /// The first, null if there is none.
    pub first: *mut Run,
}

impl RunList {
    /// An empty list.
    pub const fn new() -> Self {
        Self { first: core::ptr::null_mut() }
    }

    /// Puts a run first.
    ///
    /// # Safety
    /// `run` is in no list; the lock of the list's arena is held.
    pub unsafe fn push(&mut self, run: *mut Run) {
        // SAFETY: descriptors in the list and `run` are live, and ours under the lock.
        unsafe {
            (*run).next = self.first;
            (*run).previous = core::ptr::null_mut();
            if !self.first.is_null() {
                (*self.first).previous = run;
            }
        }
        self.first = run;
    }

    /// Takes a run out.
    ///
    /// # Safety
    /// `run` is in this list; the lock of the list's arena is held.
    pub unsafe fn remove(&mut self, run: *mut Run) {
        // SAFETY: as above; the neighbours of a listed run are listed.
        unsafe {
            let (next, previous) = ((*run).next, (*run).previous);
            if previous.is_null() {
                check!(self.first == run, "a run is not in the list it says");
                self.first = next;
            } else {
                (*previous).next = next;
            }
            if !next.is_null() {
                (*next).previous = previous;
            }
            (*run).next = core::ptr::null_mut();
            (*run).previous = core::ptr::null_mut();
        }
    }
}

/// For debuggers.
pub static FACTS: [Fact; 10] = [
    Fact::number("Run", size_of::<Run>()),
    field!(Run, page),
    field!(Run, pages),
    field!(Run, slots),
    field!(Run, state),
    field!(Run, class),
    field!(Run, carved),
    field!(Run, extension),
    Fact::number("run.slab", RunState::Slab as usize),
    Fact::number("run.large", RunState::Large as usize),
];
