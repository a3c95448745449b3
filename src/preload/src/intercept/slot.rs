//! Where an exported symbol leads to, and the macro that makes one.
//!
//! The slots are pointers to code that every program calls: what a stray or hostile write would look
//! for. They lie in the part of the library that the loader makes read-only once it is relocated, and
//! are writable again only while the constructor settles them.

use core::ffi::{CStr, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// A function of libc: what its exported symbol jumps to, and libc's own.
///
/// Relaxed suffices: both lead to code that was there before, and any mixture of old and new works.
#[repr(C)]
pub(super) struct Slot {
    entry: AtomicPtr<c_void>,
    real: AtomicPtr<c_void>,
}

/// A slot with what is needed to settle it.
pub(super) struct Function {
    pub slot: &'static Slot,
    pub name: &'static CStr,
}

impl Slot {
    /// Before it is settled: the checking function, and what serves until libc's is known, if
    /// there is such a thing.
    pub const fn new(checked: *mut c_void, early: Option<*mut c_void>) -> Self {
        let real = match early {
            Some(early) => early,
            None => null_mut(),
        };
        Self { entry: AtomicPtr::new(checked), real: AtomicPtr::new(real) }
    }

    /// libc's function.
    #[inline(always)]
    pub fn real(&self, name: &CStr) -> *mut c_void {
        let real = self.real.load(Relaxed);
        if real.is_null() { look_up(name) } else { real }
    }
}

impl Function {
    /// Points the slot at libc's function, or at the one that checks before it calls that.
    ///
    /// # Safety
    /// The slot is writable now.
    pub unsafe fn settle(&self, checked: bool) {
        // SAFETY: a C string; libc's constructor has run before ours.
        let real = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        if real.is_null() {
            return;
        }
        self.slot.real.store(real, Relaxed);
        if !checked {
            self.slot.entry.store(real, Relaxed);
        }
    }
}

/// A function that is called before this library's constructor, or that libc does not have.
#[cold]
fn look_up(name: &CStr) -> *mut c_void {
    // SAFETY: a C string. Who calls such a function has an initialised libc.
    let real = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    if real.is_null() {
        heapwarden::text::complain(&[b"libc has no function ", name.to_bytes()]);
        // SAFETY: ends the process; nothing of ours is locked.
        unsafe { libc::abort() }
    }
    real
}

/// Makes all slots writable or read-only. False when the kernel refuses: then they are as they were.
pub(super) fn protect(families: &[&'static [Function]], writable: bool) -> bool {
    let page = heapwarden_core::os::page_size();
    let slots = families.iter().flat_map(|functions| functions.iter());
    let addresses = slots.map(|function| core::ptr::from_ref(function.slot).addr());
    let (first, last) = addresses.fold((usize::MAX, 0), |(first, last), at| {
        (first.min(at), last.max(at + size_of::<Slot>()))
    });
    let start = first & !(page - 1);
    let protection = libc::PROT_READ | if writable { libc::PROT_WRITE } else { 0 };
    let pages = core::ptr::without_provenance_mut(start);
    // SAFETY: the pages lie in the read-only part of this library's data, whose ends are page
    // boundaries; what else is there is not written after relocation.
    unsafe { libc::mprotect(pages, (last - start).next_multiple_of(page), protection) == 0 }
}

/// The code of an exported symbol.
macro_rules! jump {
    ($slot:path) => {
        core::arch::naked_asm!(
            // Naked functions have no unwind information but what they state.
            ".cfi_startproc",
            "jmp qword ptr [rip + {slot}]",
            ".cfi_endproc",
            slot = sym $slot,
        )
    };
}

/// `fn NAME(arguments) -> result, early or "name in libc": |real| body;` makes of each
/// - the exported symbol, one jump;
/// - `__wrap_NAME`, which this library's own calls of NAME are bound to: one jump to libc's;
/// - `NAME::checked`, the body, with `real` for libc's function;
///
/// and `ALL`, what is to be settled.
macro_rules! interceptors {
    ($(
        fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty,
            $real_name:literal $(or $early:expr)? => |$real:ident| $body:expr;
    )*) => {
        $(
            mod $name {
                use super::*;
                use crate::intercept::slot::Slot;

                type Real = unsafe extern "C-unwind" fn($($type),*) -> $result;

                const EARLY: Option<*mut core::ffi::c_void> = interceptors!(@early $($early)?);

                #[unsafe(link_section = ".data.rel.ro.heapwarden.slots")]
                pub(crate) static SLOT: Slot =
                    Slot::new(checked as *const () as *mut core::ffi::c_void, EARLY);

                /// libc's function.
                #[inline(always)]
                pub(crate) fn real() -> Real {
                    let real = SLOT.real(interceptors!(@name $real_name));
                    // SAFETY: libc's function of that name has this type.
                    unsafe { core::mem::transmute::<*mut core::ffi::c_void, Real>(real) }
                }

                /// # Safety
                /// As for libc's function.
                pub(crate) unsafe extern "C-unwind" fn checked($($argument: $type),*) -> $result {
                    let $real = real();
                    // SAFETY: the caller's promises are those that libc asks for.
                    unsafe { $body }
                }

                core::arch::global_asm!(
                    concat!(".globl __wrap_", stringify!($name)),
                    concat!(".hidden __wrap_", stringify!($name)),
                    concat!(".type __wrap_", stringify!($name), ", @function"),
                    concat!("__wrap_", stringify!($name), ":"),
                    ".cfi_startproc",
                    "mov r11, qword ptr [rip + {slot} + 8]",
                    "test r11, r11",
                    "jz {checked}",
                    "jmp r11",
                    ".cfi_endproc",
                    concat!(".size __wrap_", stringify!($name), ", . - __wrap_", stringify!($name)),
                    slot = sym SLOT,
                    checked = sym checked,
                );
            }

            #[doc = concat!("libc's `", stringify!($name), "`, checked.")]
            ///
            /// # Safety
            /// As for libc's function.
            #[unsafe(no_mangle)]
            #[unsafe(naked)]
            pub unsafe extern "C-unwind" fn $name($($argument: $type),*) -> $result {
                jump!($name::SLOT)
            }
        )*

        /// What is to be settled.
        pub(super) static ALL: &[crate::intercept::slot::Function] = &[$(
            crate::intercept::slot::Function {
                slot: &$name::SLOT,
                name: interceptors!(@name $real_name),
            },
        )*];
    };
    (@early) => { None };
    (@early $early:expr) => { Some($early as *const () as *mut core::ffi::c_void) };
    (@name $name:literal) => { $name };
}
