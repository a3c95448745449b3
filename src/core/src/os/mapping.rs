//! Address space: mapping it, aligned where wanted, giving it and its pages back.
//!
//! Every mapping is private, anonymous and readable and writable. Totals are kept for the
//! statistics: one relaxed add beside each system call.

use super::{PAGE, own, syscall};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

static MAPPED: AtomicU64 = AtomicU64::new(0);
static MAPPED_PEAK: AtomicU64 = AtomicU64::new(0);
static FROM_KERNEL: AtomicU64 = AtomicU64::new(0);
static TO_KERNEL: AtomicU64 = AtomicU64::new(0);

/// Where the next aligned mapping is tried first: just below the last one. The kernel hands out
/// addresses downwards too, so that the guess is nearly always free and no trimming is needed.
static HINT: AtomicUsize = AtomicUsize::new(0);

/// Bytes of address space held and exchanged with the kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// Mapped now.
    pub mapped: u64,
    /// The most that was ever mapped at once.
    pub mapped_peak: u64,
    /// All that was ever mapped.
    pub from_kernel: u64,
    /// All that was unmapped or purged.
    pub to_kernel: u64,
}

/// The totals so far.
pub fn traffic() -> Traffic {
    Traffic {
        mapped: MAPPED.load(Relaxed),
        mapped_peak: MAPPED_PEAK.load(Relaxed),
        from_kernel: FROM_KERNEL.load(Relaxed),
        to_kernel: TO_KERNEL.load(Relaxed),
    }
}

fn count_mapped(bytes: usize) {
    FROM_KERNEL.fetch_add(bytes as u64, Relaxed);
    let now = MAPPED.fetch_add(bytes as u64, Relaxed) + bytes as u64;
    MAPPED_PEAK.fetch_max(now, Relaxed);
}

fn map_at(hint: usize, bytes: usize) -> Option<usize> {
    let protection = (libc::PROT_READ | libc::PROT_WRITE) as usize;
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
    // SAFETY: without MAP_FIXED a new mapping cannot replace memory that is in use.
    let answer =
        unsafe { syscall::call(libc::SYS_mmap, [hint, bytes, protection, flags, usize::MAX, 0]) };
    let address = answer.ok()?;
    count_mapped(bytes);
    Some(address)
}

/// Maps `bytes` (whole pages) of zeroed memory anywhere, for the library's own needs.
pub fn map(bytes: usize) -> Option<usize> {
    let address = map_at(0, bytes)?;
    own::note(address, bytes);
    Some(address)
}

/// The same at a multiple of `alignment`.
pub fn map_own_aligned(bytes: usize, alignment: usize) -> Option<usize> {
    let address = map_aligned(bytes, alignment)?;
    own::note(address, bytes);
    Some(address)
}

/// Maps `bytes` (whole pages) at a multiple of `alignment` (a power of two, at least a page), for the
/// program's blocks.
pub fn map_aligned(bytes: usize, alignment: usize) -> Option<usize> {
    let last = HINT.load(Relaxed);
    if last > bytes {
        let address = map_at((last - bytes) & !(alignment - 1), bytes)?;
        if address & (alignment - 1) == 0 {
            HINT.store(address, Relaxed);
            return Some(address);
        }
        // SAFETY: mapped just above and known to nobody else.
        unsafe { unmap(address, bytes) };
    }
    let generous = bytes.checked_add(alignment - PAGE)?;
    let start = map_at(0, generous)?;
    let address = (start + alignment - 1) & !(alignment - 1);
    let (before, after) = (address - start, start + generous - (address + bytes));
    // SAFETY: both ends belong to the mapping just made and lie outside the part that is kept.
    unsafe {
        if before > 0 {
            unmap(start, before);
        }
        if after > 0 {
            unmap(address + bytes, after);
        }
    }
    HINT.store(address, Relaxed);
    Some(address)
}

/// Tells where an aligned region was freed, so that the next one is tried there.
pub fn hint_freed_end(end: usize) {
    HINT.store(end, Relaxed);
}

/// Gives address space back.
///
/// # Safety
/// The range was mapped by this module, and nobody uses it any more.
pub unsafe fn unmap(address: usize, bytes: usize) {
    own::forget(address);
    // SAFETY: the caller's promise.
    let answer = unsafe { syscall::call(libc::SYS_munmap, [address, bytes, 0, 0, 0, 0]) };
    if answer.is_ok() {
        MAPPED.fetch_sub(bytes as u64, Relaxed);
        TO_KERNEL.fetch_add(bytes as u64, Relaxed);
        return;
    }
    // At the kernel's limit of mappings a hole cannot be cut; the pages at least can go.
    // SAFETY: the caller's promise.
    unsafe { purge(address, bytes) };
}

/// Gives the pages of a range back but keeps the addresses; they read as zero afterwards.
/// Returns whether the kernel agreed.
///
/// # Safety
/// The range was mapped by this module, and nobody needs its contents any more.
pub unsafe fn purge(address: usize, bytes: usize) -> bool {
    let advice = libc::MADV_DONTNEED as usize;
    // SAFETY: the caller's promise.
    let answer = unsafe { syscall::call(libc::SYS_madvise, [address, bytes, advice, 0, 0, 0]) };
    if answer.is_ok() {
        TO_KERNEL.fetch_add(bytes as u64, Relaxed);
    }
    answer.is_ok()
}

/// Grows or shrinks a mapping where it is. Returns whether that was possible.
///
/// # Safety
/// `[address, address + old)` is one mapping of this module; when it shrinks, nobody uses the end.
pub unsafe fn resize_in_place(address: usize, old: usize, new: usize) -> bool {
    // SAFETY: without MREMAP_MAYMOVE the mapping stays where it is; the rest is the caller's.
    let answer = unsafe { syscall::call(libc::SYS_mremap, [address, old, new, 0, 0, 0]) };
    if answer.is_ok() {
        count_resized(old, new);
    }
    answer.is_ok()
}

/// Moves the pages of a mapping of `old` bytes to `target`, where `new` bytes were mapped before
/// (and are replaced), without copying. Returns whether that was possible.
///
/// # Safety
/// Both ranges were mapped by this module; nobody uses the target, and nobody uses the source
/// afterwards.
pub unsafe fn move_pages(address: usize, old: usize, target: usize, new: usize) -> bool {
    let flags = (libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED) as usize;
    // SAFETY: the caller's promise: replacing the target and unmapping the source hurts nobody.
    let answer = unsafe { syscall::call(libc::SYS_mremap, [address, old, new, flags, target, 0]) };
    if answer.is_ok() {
        // The target was counted when it was mapped; the source is gone.
        MAPPED.fetch_sub(old as u64, Relaxed);
    }
    answer.is_ok()
}

fn count_resized(old: usize, new: usize) {
    if new >= old {
        count_mapped(new - old);
    } else {
        MAPPED.fetch_sub((old - new) as u64, Relaxed);
        TO_KERNEL.fetch_add((old - new) as u64, Relaxed);
    }
}

/// Gives the pages of a range back and makes it inaccessible: any access faults. If the kernel
/// refuses, which is then the answer, the range stays accessible.
///
/// # Safety
/// The range was mapped by this module, and nobody may use it any more until it is unmapped.
pub unsafe fn seal(address: usize, bytes: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        purge(address, bytes);
        close(address, bytes)
    }
}

/// [`seal`] with the pages kept: what is in them is there again after [`unseal`].
///
/// # Safety
/// As for [`seal`].
pub unsafe fn close(address: usize, bytes: usize) -> bool {
    let none = libc::PROT_NONE as usize;
    // SAFETY: the caller's promise.
    unsafe { syscall::call(libc::SYS_mprotect, [address, bytes, none, 0, 0, 0]).is_ok() }
}

/// How many bytes of a mapped range (whole pages) are in memory now: a hint, for they come and go.
pub fn resident(address: usize, bytes: usize) -> usize {
    let mut pages = 0;
    let mut marks = [0_u8; 512];
    for part in (address..address + bytes).step_by(marks.len() * PAGE) {
        let length = (address + bytes - part).min(marks.len() * PAGE);
        let place = marks.as_mut_ptr() as usize;
        // SAFETY: the call reads no memory of the range, and writes a byte for each of its pages.
        let answer = unsafe { syscall::call(libc::SYS_mincore, [part, length, place, 0, 0, 0]) };
        if answer.is_ok() {
            pages += marks[..length / PAGE].iter().filter(|mark| **mark & 1 != 0).count();
        }
    }
    pages * PAGE
}

/// Makes a sealed or closed range accessible again. False when the kernel refuses.
///
/// # Safety
/// As for [`seal`]; the caller is the one who sealed it.
pub unsafe fn unseal(address: usize, bytes: usize) -> bool {
    let access = (libc::PROT_READ | libc::PROT_WRITE) as usize;
    // SAFETY: the caller's promise.
    unsafe {
        let opened = syscall::call(libc::SYS_mprotect, [address, bytes, access, 0, 0, 0]).is_ok();
        if opened {
            // Memory of this size was in use here, and will be: one page fault instead of hundreds. If
            // the kernel refuses, it is as before.
            let huge = libc::MADV_HUGEPAGE as usize;
            let _ = syscall::call(libc::SYS_madvise, [address, bytes, huge, 0, 0, 0]);
        }
        opened
    }
}
