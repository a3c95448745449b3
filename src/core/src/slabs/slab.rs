//! A slab: a run cut into equal slots, with one bit per free slot, out of line.
//!
//! Slots are taken lowest first, so that a slab fills from its start and its untouched pages stay
//! untouched. A slot is identified by its number; an address that is not a slot's start has none.
//! Cost: a bit scan per slot taken, a multiplication per slot returned.

use crate::config::config;
use crate::os::PAGE;
use crate::pages::run::{Run, RunState};
use crate::slabs::size_class::TABLE;
use core::sync::atomic::Ordering::Relaxed;

/// Why a slot could not be returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlotError {
    /// The address is not the start of a slot.
    NotASlot,
    /// The slot is free already.
    AlreadyFree,
}

/// Makes an occupied run a slab of `class` with all slots free.
///
/// # Safety
/// The arena's lock is held; `run` was just taken and occupied for this class.
pub unsafe fn lay_out(run: *mut Run, class: usize) {
    // SAFETY: the caller's promise; the bitmap has room for the most slots that fit a page.
    unsafe {
        let offset = config().slot_offset as usize;
        let slots = ((*run).pages as usize * PAGE - offset) / TABLE[class].slot_bytes as usize;
        (*run).state = RunState::Slab;
        (*run).class = class as u8;
        (*run).slots = slots as u32;
        (*run).free_slots = slots as u32;
        (*run).first_free_word = 0;
        (*run).listed = false;
        (*run).carved = 0;
        (*run).extension.store(0, Relaxed);
        let bits = (*(*run).heap).free_bits((*run).page as usize);
        for word in 0..slots / 64 {
            *bits.add(word) = u64::MAX;
        }
        if !slots.is_multiple_of(64) {
            *bits.add(slots / 64) = (1u64 << (slots % 64)) - 1;
        }
    }
}

/// Where the first slot of a slab starts.
///
/// # Safety
/// `run` is a slab.
#[inline]
pub unsafe fn first_slot(run: *const Run) -> usize {
    // SAFETY: the caller's promise.
    unsafe { Run::address(run) + config().slot_offset as usize }
}

/// Takes up to `wanted` free slots, lowest first, and writes their addresses downwards from
/// `end`, so that a stack read from its end yields the lowest first. Returns how many.
///
/// # Safety
/// The arena's lock is held; `run` is a slab; `wanted` words below `end` are the caller's.
pub unsafe fn take(run: *mut Run, end: *mut usize, wanted: usize) -> usize {
    // SAFETY: the caller's promise; `free_slots` counts the set bits, so the scan ends within
    // the bitmap.
    unsafe {
        let bits = (*(*run).heap).free_bits((*run).page as usize);
        let bytes = TABLE[(*run).class as usize].slot_bytes as usize;
        let base = first_slot(run);
        let wanted = wanted.min((*run).free_slots as usize);
        let mut word = (*run).first_free_word as usize;
        let mut taken = 0;
        while taken < wanted {
            let mut free = *bits.add(word);
            while free != 0 && taken < wanted {
                let slot = word * 64 + free.trailing_zeros() as usize;
                free &= free - 1;
                taken += 1;
                *end.sub(taken) = base + slot * bytes;
            }
            *bits.add(word) = free;
            if free == 0 {
                word += 1;
            }
        }
        (*run).first_free_word = word as u32;
        (*run).free_slots -= taken as u32;
        if taken > 0 && config().hooks.carve.is_some() {
            announce(run, (*end.sub(taken) - base) / bytes);
        }
        taken
    }
}

/// Tells the layer above of slots up to `highest` and the one behind it, once.
unsafe fn announce(run: *mut Run, highest: usize) {
    let Some(carve) = config().hooks.carve else { return };
    // SAFETY: the caller's slab, under its arena's lock.
    unsafe {
        let (from, to) = ((*run).carved as usize, (highest + 2).min((*run).slots as usize));
        if from < to {
            let bytes = TABLE[(*run).class as usize].slot_bytes as usize;
            carve(first_slot(run) + from * bytes, bytes, to - from);
            (*run).carved = to as u32;
        }
    }
}

/// The number of the slot that `address` lies in, and its offset within; `None` before the first
/// slot or behind the last.
///
/// # Safety
/// `run` is a slab that `address` lies in.
#[inline]
pub unsafe fn slot_of(run: *const Run, address: usize) -> Option<(usize, usize)> {
    // SAFETY: the caller's promise.
    unsafe {
        let class = TABLE.get((*run).class as usize)?;
        let offset = address.checked_sub(first_slot(run))?;
        let slot = ((offset as u64 * class.reciprocal as u64) >> 32) as usize;
        if slot >= (*run).slots as usize {
            return None;
        }
        Some((slot, offset - slot * class.slot_bytes as usize))
    }
}

/// Whether a slot is free (neither live nor in a thread's cache).
///
/// # Safety
/// `run` is a slab with more than `slot` slots.
pub unsafe fn is_free(run: *const Run, slot: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let bits = (*(*run).heap).free_bits((*run).page as usize);
        *bits.add(slot / 64) & (1 << (slot % 64)) != 0
    }
}

/// Returns a slot.
///
/// # Safety
/// The arena's lock is held; `run` is a slab that `address` lies in.
pub unsafe fn put(run: *mut Run, address: usize) -> Result<(), SlotError> {
    // SAFETY: the caller's promise.
    unsafe {
        let Some((slot, 0)) = slot_of(run, address) else { return Err(SlotError::NotASlot) };
        let bits = (*(*run).heap).free_bits((*run).page as usize);
        let (word, bit) = (slot / 64, 1u64 << (slot % 64));
        if *bits.add(word) & bit != 0 {
            return Err(SlotError::AlreadyFree);
        }
        *bits.add(word) |= bit;
        (*run).free_slots += 1;
        (*run).first_free_word = (*run).first_free_word.min(word as u32);
        Ok(())
    }
}
