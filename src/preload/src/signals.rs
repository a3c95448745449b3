//! `sigaction` and `signal` as the program sees them: for SIGSEGV and SIGBUS its own handler is kept
//! behind ours (see `heapwarden::fault`); everything else goes to the next in the search order:
//! libc, or another preloaded library.
//!
//! Those are looked up by the constructor, for dlsym is nothing for signal handlers; by constructors
//! that run before it, at the call.

use core::ffi::{CStr, c_int, c_void};
use core::mem::transmute;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use heapwarden::{fault, on_demand};

type Action = libc::sigaction;

struct Next {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
}

static SIGACTION: Next = Next { name: c"sigaction", address: AtomicPtr::new(null_mut()) };
static SIGNAL: Next = Next { name: c"signal", address: AtomicPtr::new(null_mut()) };

impl Next {
    fn find(&self) -> *mut c_void {
        let mut address = self.address.load(Relaxed);
        if address.is_null() {
            // SAFETY: a string that ends in NUL.
            address = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
            self.address.store(address, Relaxed);
        }
        address
    }
}

/// Puts the handlers in place that the options ask for.
pub(crate) fn settle() {
    SIGACTION.find();
    SIGNAL.find();
    if heapwarden::start::options().handle_segv {
        fault::install();
    }
    on_demand::install();
}

/// See sigaction(2).
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn sigaction(
    signal: c_int,
    new: *const Action,
    old: *mut Action,
) -> c_int {
    // SAFETY: promised by the caller; libc's function has this type, and null is none.
    unsafe {
        if let Some(result) = fault::sigaction(signal, new, old) {
            return result;
        }
        type Function = unsafe extern "C" fn(c_int, *const Action, *mut Action) -> c_int;
        let next = transmute::<*mut c_void, Option<Function>>(SIGACTION.find());
        next.map_or(-1, |next| next(signal, new, old))
    }
}

/// See signal(2).
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn signal(signal: c_int, handler: usize) -> usize {
    if let Some(previous) = fault::signal(signal, handler) {
        return previous;
    }
    type Function = unsafe extern "C" fn(c_int, usize) -> usize;
    // SAFETY: promised by the caller; libc's function has this type, and null is none.
    unsafe {
        let next = transmute::<*mut c_void, Option<Function>>(SIGNAL.find());
        next.map_or(libc::SIG_ERR, |next| next(signal, handler))
    }
}
