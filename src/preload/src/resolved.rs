//! The C++ operators as the whole process sees them.
//!
//! A program may replace `operator new(size_t)` and `operator delete(void*)` alone and rely on all
//! other forms ending there: the standard says so, and compilers call the sized `delete` in such a
//! program too. So where the program has replaced a basic form, the other forms of this library
//! call the basic one that ld.so has bound the name to; where it has not, they take the direct way.
//!
//! Cost: one load and a branch per call. The question is settled by the constructor; before that,
//! the way through the binding is taken.

use crate::{cxx_delete, cxx_new};
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// `operator new(size_t)`, `operator new[](size_t)`.
pub(crate) type New = unsafe extern "C-unwind" fn(usize) -> *mut c_void;
/// `operator new(size_t, align_val_t)` and its array form.
pub(crate) type AlignedNew = unsafe extern "C-unwind" fn(usize, usize) -> *mut c_void;
/// `operator delete(void*)`, `operator delete[](void*)`.
pub(crate) type Delete = unsafe extern "C-unwind" fn(*mut c_void);
/// `operator delete(void*, align_val_t)` and its array form.
pub(crate) type AlignedDelete = unsafe extern "C-unwind" fn(*mut c_void, usize);

/// Loads a symbol's address from the global offset table, where ld.so has put the first definition
/// in its search order. In asm, because the compiler would take the definition it has at hand.
macro_rules! resolved {
    ($symbol:path as $type:ty) => {{
        let function: $type;
        // SAFETY: reads one word that was written when this library was relocated; every definition
        // of the symbol has the type that the C++ ABI gives it.
        unsafe {
            core::arch::asm!("mov {}, qword ptr [rip + {}@GOTPCREL]", out(reg) function,
                 sym $symbol, options(pure, readonly, nostack, preserves_flags));
        }
        function
    }};
}

pub(crate) fn new() -> New {
    resolved!(cxx_new::_Znwm as New)
}

pub(crate) fn new_array() -> New {
    resolved!(cxx_new::_Znam as New)
}

pub(crate) fn aligned_new() -> AlignedNew {
    resolved!(cxx_new::_ZnwmSt11align_val_t as AlignedNew)
}

pub(crate) fn aligned_new_array() -> AlignedNew {
    resolved!(cxx_new::_ZnamSt11align_val_t as AlignedNew)
}

pub(crate) fn delete() -> Delete {
    resolved!(cxx_delete::_ZdlPv as Delete)
}

pub(crate) fn delete_array() -> Delete {
    resolved!(cxx_delete::_ZdaPv as Delete)
}

pub(crate) fn aligned_delete() -> AlignedDelete {
    resolved!(cxx_delete::_ZdlPvSt11align_val_t as AlignedDelete)
}

pub(crate) fn aligned_delete_array() -> AlignedDelete {
    resolved!(cxx_delete::_ZdaPvSt11align_val_t as AlignedDelete)
}

static ALL_OURS: AtomicBool = AtomicBool::new(false);

/// Whether all eight basic operators of the process are known to be those of this library. If not,
/// the way through ld.so's binding is right in any case.
#[inline]
pub(crate) fn all_ours() -> bool {
    ALL_OURS.load(Relaxed)
}

/// Compares what the names are bound to with this library; allocates nothing.
pub(crate) fn settle() {
    let resolved = [
        new() as *const c_void,
        new_array() as *const c_void,
        aligned_new() as *const c_void,
        aligned_new_array() as *const c_void,
        delete() as *const c_void,
        delete_array() as *const c_void,
        aligned_delete() as *const c_void,
        aligned_delete_array() as *const c_void,
    ];
    let own = module_of((&raw const ALL_OURS).cast());
    ALL_OURS.store(resolved.iter().all(|function| module_of(*function) == own), Relaxed);
}

/// Where the library or program that contains an address is loaded.
fn module_of(address: *const c_void) -> Option<usize> {
    let mut information = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: takes any address and writes to `information` only.
    let found: c_int = unsafe { libc::dladdr(address, information.as_mut_ptr()) };
    // SAFETY: filled in when the result is not 0.
    (found != 0).then(|| unsafe { information.assume_init() }.dli_fbase.addr())
}
