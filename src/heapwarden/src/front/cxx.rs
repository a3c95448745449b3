//! What C++'s operators new and delete need: blocks with a family, and the sizes that `delete` is
//! told. Out of memory is null here; throwing is the preload library's business.

use super::basic::SIZE_MAX;
use super::behind::release_for;
use super::caller::{ReturnAt, jump_with_caller};
use crate::checked::{self, Release, quick};
use crate::chunk::{ALIGNMENT, Family};
use crate::unwind::Registers;
use crate::{door, start};
use core::ffi::c_void;
use core::ptr::null_mut;

/// A block for one of the forms of operator new; `alignment` is a power of two. Null without
/// memory; errno stays.
#[inline]
pub fn new(size: usize, alignment: usize, family: Family) -> *mut c_void {
    let block = new_quickly(size, alignment, family);
    if block.is_null() { new_general(size, alignment, family) } else { block }
}

/// [`new`] for a caller whose frame is known.
///
/// # Safety
/// `caller` is a frame of this thread that does not end before this returns.
#[inline]
pub unsafe fn new_for(
    size: usize,
    alignment: usize,
    family: Family,
    caller: &Registers,
) -> *mut c_void {
    let block = new_quickly(size, alignment, family);
    if !block.is_null() {
        return block;
    }
    // SAFETY: the caller's promise.
    unsafe { door::through(caller, || new_general(size, alignment, family)) }
}

#[inline(always)]
fn new_quickly(size: usize, alignment: usize, family: Family) -> *mut c_void {
    if alignment <= ALIGNMENT { quick::allocate(size, family).cast() } else { null_mut() }
}

#[inline(never)]
fn new_general(size: usize, alignment: usize, family: Family) -> *mut c_void {
    if size > SIZE_MAX {
        return null_mut();
    }
    start::ensure();
    let block = if checked::settings().active {
        checked::allocate(size, alignment.max(ALIGNMENT), family, false)
    } else {
        heapwarden_core::allocate_aligned(size, alignment.max(ALIGNMENT))
    };
    block.cast()
}

/// Gives a block back through one of the forms of operator delete, with what the caller stated.
///
/// # Safety
/// `block` is null or a live block, and not used afterwards.
#[inline(always)]
pub unsafe fn delete(
    block: *mut c_void,
    size: Option<usize>,
    alignment: Option<usize>,
    form: &'static Release,
) {
    // SAFETY: promised by the caller; the core itself tells apart what is not a live block.
    if !unsafe { heapwarden_core::free_fast(block.cast()) } {
        // SAFETY: as above.
        unsafe { delete_slow(block, Stated::of(size), Stated::of(alignment), form) };
    }
}

/// A number that the caller may have stated, in one register.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Stated(usize);

impl Stated {
    /// No size and no alignment.
    const NOTHING: usize = usize::MAX;

    #[inline(always)]
    fn of(number: Option<usize>) -> Stated {
        Stated(number.unwrap_or(Stated::NOTHING))
    }

    #[inline(always)]
    fn number(self) -> Option<usize> {
        (self.0 != Stated::NOTHING).then_some(self.0)
    }
}

#[inline(always)]
fn release(size: Stated, alignment: Stated, form: &Release) -> Release {
    Release { size: size.number(), alignment: alignment.number(), ..*form }
}

#[cold]
#[inline(never)]
unsafe fn delete_slow(block: *mut c_void, size: Stated, alignment: Stated, form: &'static Release) {
    // SAFETY: promised by the caller of `delete`.
    unsafe {
        if !quick::free(block.cast(), &release(size, alignment, form)) {
            delete_behind(block, size, alignment, form);
        }
    }
}

jump_with_caller! {
    fn delete_behind(
        block: *mut c_void, size: Stated, alignment: Stated, form: &'static Release
    ) -> () => delete_for, "r8", "r9"
}

/// # Safety
/// As for [`delete`], and jumped to with the caller's frame.
unsafe extern "C-unwind" fn delete_for(
    block: *mut c_void,
    size: Stated,
    alignment: Stated,
    form: &'static Release,
    at: ReturnAt,
    frame_pointer: usize,
) {
    // SAFETY: the caller's promises.
    unsafe { release_for(block.cast(), &release(size, alignment, form), at, frame_pointer) }
}
