//! [`Heapwarden`]: the allocator for `#[global_allocator]`.
//!
//! Without checks a request goes straight to the core; with them it goes by [`rust_block`], which
//! holds every block against its `Layout`.

mod faults;
mod own;
mod rust_block;

use crate::options::Options;
use crate::profile::Profile;
use crate::unwind::Registers;
use crate::{at_exit, checked, front, sandbox, start};
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{copy_nonoverlapping, write_bytes};

/// What every block has without asking.
const ALIGNMENT_MIN: usize = 16;

/// The Heapwarden allocator, for Rust programs.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: heapwarden::Heapwarden = heapwarden::Heapwarden::new();
///
/// let words = vec!["on", "our", "heap"];
/// assert_eq!(words.concat(), "onourheap");
/// ```
///
/// Another profile, and options, each of which has a method:
///
/// ```
/// use heapwarden::{Heapwarden, leaks::Level, profile::Profile};
///
/// #[global_allocator]
/// static ALLOCATOR: Heapwarden =
///     Heapwarden::profile(Profile::Leak).leaks(Level::Full).stack_depth(64).leak_exit_code(23);
/// # let _ = vec![1];
/// ```
///
/// `HEAPWARDEN_OPTIONS`, read at the first allocation, overrides them: an option there replaces the
/// same one here, and a `profile=` there starts anew from that profile. All values of this type are
/// the same heap, with the options of the one that is asked first.
///
/// C code in the same program keeps libc's malloc. A block of C's that is given to Rust's `dealloc` is
/// reported; a block of ours that is given to libc's `free` makes libc abort.
pub struct Heapwarden {
    pub(crate) options: Options,
}

impl Heapwarden {
    /// The allocator with the profile `debug`.
    pub const fn new() -> Heapwarden {
        Heapwarden::profile(Profile::DEFAULT)
    }

    /// The allocator with another profile.
    pub const fn profile(profile: Profile) -> Heapwarden {
        Heapwarden { options: Options::for_profile(profile) }
    }

    /// The first request of a thread, an empty cache, a large size or alignment, no memory, or checks.
    #[cold]
    #[inline(never)]
    fn allocate_slow(&self, layout: Layout) -> *mut u8 {
        self.begin();
        if checked::settings().active {
            // SAFETY: this function's own frame.
            return unsafe { rust_block::allocate(layout, false, &Registers::here()) };
        }
        if layout.align() <= ALIGNMENT_MIN {
            heapwarden_core::allocate_slow(layout.size())
        } else {
            heapwarden_core::allocate_aligned(layout.size(), layout.align())
        }
    }

    /// Zeroed memory in a profile without checks, or at the start.
    #[inline(never)]
    fn allocate_zeroed(&self, layout: Layout) -> *mut u8 {
        self.begin();
        if checked::settings().active {
            // SAFETY: this function's own frame.
            return unsafe { rust_block::allocate(layout, true, &Registers::here()) };
        }
        if layout.align() <= ALIGNMENT_MIN {
            return heapwarden_core::allocate_zeroed(layout.size());
        }
        let block = self.allocate_slow(layout);
        if !block.is_null() {
            // SAFETY: a new block of that size.
            unsafe { write_bytes(block, 0, layout.size()) };
        }
        block
    }

    /// In the preload library a constructor does this; a Rust program has its first allocation.
    #[inline]
    fn begin(&self) {
        sandbox::go_unnoticed();
        start::ensure_with(&self.options);
        at_exit::install();
    }

    /// The core's resizing keeps no alignment above its own.
    ///
    /// # Safety
    /// `block` is a live block of `layout`, and not used afterwards unless null is returned.
    unsafe fn move_aligned(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let moved = match Layout::from_size_align(new_size, layout.align()) {
            Ok(layout) => self.allocate_slow(layout),
            Err(_) => return core::ptr::null_mut(),
        };
        if !moved.is_null() {
            // SAFETY: both blocks are live, do not overlap, and are at least that long.
            unsafe { copy_nonoverlapping(block, moved, layout.size().min(new_size)) };
            // SAFETY: promised by the caller; its contents were moved.
            unsafe { front::free(block.cast()) };
        }
        moved
    }
}

impl Default for Heapwarden {
    fn default() -> Heapwarden {
        Heapwarden::new()
    }
}

// SAFETY: the core hands out blocks that do not overlap, at least as large and aligned as asked;
// nothing here unwinds.
unsafe impl GlobalAlloc for Heapwarden {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if checked::settings().active {
            // SAFETY: the frame of the function that this is inlined into.
            return unsafe { rust_block::allocate(layout, false, &Registers::here()) };
        }
        if layout.align() <= ALIGNMENT_MIN {
            let block = heapwarden_core::allocate_fast(layout.size());
            if !block.is_null() {
                return block;
            }
        }
        self.allocate_slow(layout)
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if checked::settings().active {
            // SAFETY: the trait's contract; what is no live block of this layout is reported.
            return unsafe { rust_block::free(block, layout, &Registers::here()) };
        }
        // SAFETY: a live block of this allocator, by the trait's contract.
        unsafe { front::free(block.cast()) };
    }

    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if checked::settings().active {
            // SAFETY: as for `alloc`.
            return unsafe { rust_block::allocate(layout, true, &Registers::here()) };
        }
        self.allocate_zeroed(layout)
    }

    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if checked::settings().active {
            // SAFETY: as for `dealloc`.
            return unsafe { rust_block::reallocate(block, layout, new_size, &Registers::here()) };
        }
        if layout.align() <= ALIGNMENT_MIN {
            // SAFETY: a live block and a size above 0, by the trait's contract.
            return unsafe { front::realloc(block.cast(), new_size) }.cast();
        }
        // SAFETY: a live block of this layout, by the trait's contract.
        unsafe { self.move_aligned(block, layout, new_size) }
    }
}
