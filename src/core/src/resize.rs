//! `realloc`: in place where the block's slot, its run's neighbours or the kernel allow it, else
//! a new block and a copy.

use crate::arena::{Misuse, run_of};
use crate::direct::{self, Direct};
use crate::entry::{self, check_fork};
use crate::journey::{self, Step, note};
use crate::locate::locate;
use crate::os::{PAGE, page_round};
use crate::pages::heap::Heap;
use crate::pages::page_map::{Owner, owner_of};
use crate::pages::run::{Run, RunState};
use crate::slabs::size_class::{SMALL_MAX, TABLE};
use core::ptr;

/// The bytes of the block that starts at `block`; `None` when none of ours does.
pub fn usable_size(block: *const u8) -> Option<usize> {
    let found = locate(block as usize)?;
    (found.block == block as usize).then_some(found.size)
}

/// Changes a block's size to `new_size` (not 0), keeping its contents. `Ok(null)`: there is no
/// memory, and the block is unchanged.
///
/// # Safety
/// If `block` is a live block, only the caller uses it, and not any more when another address is
/// returned.
pub unsafe fn reallocate(block: *mut u8, new_size: usize) -> Result<*mut u8, Misuse> {
    check_fork();
    // SAFETY: the caller's promise.
    journey::record_resize(block as usize, new_size, || unsafe { resize(block, new_size) })
}

unsafe fn resize(block: *mut u8, new_size: usize) -> Result<*mut u8, Misuse> {
    let address = block as usize;
    // SAFETY: the caller's promise; descriptors are never unmapped.
    unsafe {
        match owner_of(address) {
            None => Err(Misuse::Foreign),
            Some(Owner::Direct(found)) => {
                if (*found).base != address {
                    return Err((*found).not_its_start(address));
                }
                Ok(resize_direct(found, block, new_size))
            }
            Some(Owner::Heap(heap)) => {
                let run = run_of(heap, address).ok_or(Misuse::DoubleFree)?;
                if (*run).state == RunState::Slab {
                    resize_slot(run, block, new_size)
                } else if Run::address(run) == address {
                    Ok(resize_large(heap, run, block, new_size))
                } else {
                    Err(Misuse::Interior)
                }
            }
        }
    }
}

unsafe fn resize_slot(run: *mut Run, block: *mut u8, new_size: usize) -> Result<*mut u8, Misuse> {
    // SAFETY: the caller's promise: `block` lies in this slab.
    unsafe {
        let bytes = TABLE[(*run).class as usize].slot_bytes as usize;
        match crate::slabs::slab::slot_of(run, block as usize) {
            Some((_, 0)) => {}
            _ => return Err(Misuse::Interior),
        }
        // A block that shrinks to less than half moves, so that the rest is not lost for long.
        if new_size <= bytes && (new_size > bytes / 2 || bytes <= 64) {
            note(Step::InPlace);
            return Ok(block);
        }
        Ok(move_block(block, bytes, new_size))
    }
}

unsafe fn resize_large(heap: *mut Heap, run: *mut Run, block: *mut u8, new_size: usize) -> *mut u8 {
    // SAFETY: the block is the caller's alone, so its run does not change under us; the arena's
    // inside is touched under its key.
    unsafe {
        let old_pages = (*run).pages as usize;
        if new_size > SMALL_MAX && new_size < isize::MAX as usize {
            let new_pages = page_round(new_size) / PAGE;
            if new_pages == old_pages || resize_run(heap, run, old_pages, new_pages) {
                note(Step::InPlace);
                return block;
            }
        }
        move_block(block, old_pages * PAGE, new_size)
    }
}

/// Lengthens or shortens a large block's run where it is.
unsafe fn resize_run(heap: *mut Heap, run: *mut Run, old: usize, new: usize) -> bool {
    // SAFETY: arenas are never freed; the rest as for `resize_large`.
    unsafe {
        let Some(mut inside) = (*(*heap).arena).enter() else { return false };
        if new < old {
            inside.pages.shorten(run, new);
            inside.count_back((old - new) * PAGE);
            return true;
        }
        let grown = inside.pages.lengthen(run, new);
        if grown {
            inside.count_out((new - old) * PAGE);
        }
        grown
    }
}

/// Lengthens the large block that starts at `block` to at least `new_size` bytes where it is.
/// Returns whether that was possible; blocks of other kinds stay as they are.
///
/// # Safety
/// As for [`reallocate`].
pub unsafe fn lengthen(block: *mut u8, new_size: usize) -> bool {
    let Some(Owner::Heap(heap)) = owner_of(block as usize) else { return false };
    if new_size > isize::MAX as usize {
        return false;
    }
    // SAFETY: the caller's promise; descriptors are never unmapped.
    unsafe {
        let Some(run) = run_of(heap, block as usize) else { return false };
        if (*run).state == RunState::Slab || Run::address(run) != block as usize {
            return false;
        }
        let (old, new) = ((*run).pages as usize, page_round(new_size) / PAGE);
        new <= old || resize_run(heap, run, old, new)
    }
}

unsafe fn resize_direct(found: *mut Direct, block: *mut u8, new_size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        let old = (*found).bytes;
        // A block that shrinks to less than half and below the threshold becomes a heap's.
        if new_size < isize::MAX as usize && (new_size >= direct::threshold() || new_size > old / 2)
        {
            let resized = direct::resize(found, new_size);
            if !resized.is_null() {
                return resized;
            }
        }
        move_block(block, old, new_size)
    }
}

/// A new block with the old one's contents; the old one is freed. Null when there is no memory.
unsafe fn move_block(block: *mut u8, old_bytes: usize, new_size: usize) -> *mut u8 {
    let moved = entry::allocate(new_size);
    if moved.is_null() {
        return moved;
    }
    note(Step::Moved);
    // SAFETY: two different live blocks, of at least the copied number of bytes.
    unsafe {
        ptr::copy_nonoverlapping(block, moved, old_bytes.min(new_size));
        let freed = entry::free(block);
        check!(freed.is_ok(), "a block that was just looked up cannot be freed");
    }
    moved
}
