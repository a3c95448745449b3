//! The variadic forms of formatting. Stable Rust has no variadic functions, so each is a few
//! instructions that do what a C compiler's prologue does: save the argument registers, make a
//! `va_list` of them, and call the form that takes one.
//!
//! Without the checks these instructions are not run: the symbols lead to libc's own functions.

use super::formatted::{self, Arguments};
use core::ffi::{c_char, c_int};

/// Bytes of the frame: the `va_list` at 0, six registers from 32, eight vector registers from 80.
/// With the return address it is a multiple of 16.
const FRAME: usize = 216;

/// `fn NAME(arguments; list), "name in libc", COUNT named, "REGISTER" => body;`: as many arguments
/// have names, and the `va_list` is passed in the register after theirs.
macro_rules! variadic {
    ($(
        fn $name:ident($($argument:ident: $type:ty),*; $list:ident), $real_name:literal,
            $named:literal named, $register:literal => $body:expr;
    )*) => {
        $(
            mod $name {
                use super::*;
                use crate::intercept::slot::Slot;

                #[unsafe(link_section = ".data.rel.ro.heapwarden.slots")]
                pub(crate) static SLOT: Slot =
                    Slot::new(checked as *const () as *mut core::ffi::c_void, None);

                unsafe extern "C-unwind" fn with_list(
                    $($argument: $type,)* $list: *mut Arguments
                ) -> c_int {
                    // SAFETY: the caller's promises are those that libc asks for.
                    unsafe { $body }
                }

                #[unsafe(naked)]
                unsafe extern "C-unwind" fn checked() {
                    core::arch::naked_asm!(
                        ".cfi_startproc",
                        "sub rsp, {frame}",
                        ".cfi_adjust_cfa_offset {frame}",
                        "mov [rsp + 32], rdi",
                        "mov [rsp + 40], rsi",
                        "mov [rsp + 48], rdx",
                        "mov [rsp + 56], rcx",
                        "mov [rsp + 64], r8",
                        "mov [rsp + 72], r9",
                        // al says whether vector registers hold arguments.
                        "test al, al",
                        "je 2f",
                        "movaps [rsp + 80], xmm0",
                        "movaps [rsp + 96], xmm1",
                        "movaps [rsp + 112], xmm2",
                        "movaps [rsp + 128], xmm3",
                        "movaps [rsp + 144], xmm4",
                        "movaps [rsp + 160], xmm5",
                        "movaps [rsp + 176], xmm6",
                        "movaps [rsp + 192], xmm7",
                        "2:",
                        // The next register argument, the next vector argument, those on the
                        // stack, and where the registers are.
                        "mov dword ptr [rsp], {named} * 8",
                        "mov dword ptr [rsp + 4], 48",
                        "lea r11, [rsp + {frame} + 8]",
                        "mov [rsp + 8], r11",
                        "lea r11, [rsp + 32]",
                        "mov [rsp + 16], r11",
                        concat!("mov ", $register, ", rsp"),
                        "call {with_list}",
                        "add rsp, {frame}",
                        ".cfi_adjust_cfa_offset -{frame}",
                        "ret",
                        ".cfi_endproc",
                        frame = const FRAME,
                        named = const $named,
                        with_list = sym with_list,
                    )
                }
            }

            #[doc = concat!("libc's `", stringify!($name), "`, checked.")]
            ///
            /// # Safety
            /// As for libc's function, which takes further arguments.
            #[unsafe(no_mangle)]
            #[unsafe(naked)]
            pub unsafe extern "C-unwind" fn $name($($argument: $type),*) -> c_int {
                jump!($name::SLOT)
            }
        )*

        /// What is to be settled.
        pub(super) static ALL: &[crate::intercept::slot::Function] = &[$(
            crate::intercept::slot::Function { slot: &$name::SLOT, name: $real_name },
        )*];
    };
}

variadic! {
    fn sprintf(destination: *mut c_char, format: *const c_char; list), c"sprintf",
        2 named, "rdx" => formatted::unbounded("sprintf", destination, format, list);

    fn snprintf(destination: *mut c_char, size: usize, format: *const c_char; list), c"snprintf",
        3 named, "rcx" => formatted::bounded("snprintf", destination, size, format, list);

    fn __sprintf_chk(destination: *mut c_char, flag: c_int, limit: usize, format: *const c_char;
        list), c"__sprintf_chk", 4 named, "r8" =>
        formatted::unbounded_chk("sprintf", destination, flag, limit, format, list);

    fn __snprintf_chk(destination: *mut c_char, size: usize, flag: c_int, limit: usize,
        format: *const c_char; list), c"__snprintf_chk", 5 named, "r9" =>
        formatted::bounded_chk("snprintf", destination, size, flag, limit, format, list);
}
