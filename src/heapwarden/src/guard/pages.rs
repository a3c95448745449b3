//! Making pages inaccessible, and accessible again.
//!
//! By marks in the page tables where the kernel has them, and by protection where it has not or
//! refuses (memory that is locked). Protection costs up to two mappings for each slot, so slots that
//! are guarded in that way are counted, and there are only so many that the program keeps a quarter
//! of all mappings for itself.
//! Cost: one system call each; two when the first is refused.

use crate::options::Options;
use crate::sandbox;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use heapwarden_core::os::{guard, mapping, mappings_max, page_move};

/// How pages are made inaccessible, as an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// By marks where that is possible.
    Auto,
    /// By protection.
    Protection,
}

/// How pages were made inaccessible.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// By marks.
    Marks,
    /// By protection: mappings were split.
    Protection,
}

static MARKS: AtomicBool = AtomicBool::new(false);
/// The most slots that may be guarded by protection.
static PROTECTED_MAX: AtomicUsize = AtomicUsize::new(0);
static PROTECTED: AtomicUsize = AtomicUsize::new(0);

/// Finds out what this kernel can do.
pub fn start(options: &Options) {
    let marks = options.guard_pages == Method::Auto && guard::is_possible();
    MARKS.store(marks, Relaxed);
    if marks && options.guard_move && sandbox::is_noticed() {
        page_move::start();
    }
    PROTECTED_MAX.store(mappings_max() / 4 * 3 / 2, Relaxed);
}

/// Whether the page of a freed block may go to another slot.
pub fn can_move() -> bool {
    page_move::is_on()
}

/// Whether there is room for another slot whose guards may cost mappings.
pub fn has_room() -> bool {
    MARKS.load(Relaxed) || PROTECTED.load(Relaxed) < PROTECTED_MAX.load(Relaxed)
}

/// Notes that a slot is, or is no longer, guarded by protection.
pub fn count_protected(is: bool) {
    if is {
        PROTECTED.fetch_add(1, Relaxed);
    } else {
        PROTECTED.fetch_sub(1, Relaxed);
    }
}

/// Makes whole pages inaccessible; what they hold is gone. `None` when nothing helps: then they may
/// be accessible or not.
///
/// # Safety
/// The pages are the caller's, and nobody may use them until they are opened.
pub unsafe fn close(start: usize, end: usize) -> Option<Way> {
    if start >= end {
        return Some(Way::Marks);
    }
    // SAFETY: the caller's promise.
    unsafe {
        if MARKS.load(Relaxed) && guard::install(start, end - start) {
            return Some(Way::Marks);
        }
        mapping::seal(start, end - start).then_some(Way::Protection)
    }
}

/// Makes pages accessible again that were closed. False when the kernel refuses.
///
/// # Safety
/// The pages are the caller's, who had them closed in this way.
pub unsafe fn open(start: usize, end: usize, way: Way) -> bool {
    if start >= end {
        return true;
    }
    match way {
        Way::Marks => guard::remove(start, end - start),
        // SAFETY: the caller's promise.
        Way::Protection => unsafe { mapping::unseal(start, end - start) },
    }
}

/// Makes pages accessible in whatever way they were closed.
///
/// # Safety
/// As for [`open`].
pub unsafe fn open_all(start: usize, end: usize, protected: bool) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let unmarked = !MARKS.load(Relaxed) || open(start, end, Way::Marks);
        unmarked && (!protected || open(start, end, Way::Protection))
    }
}
