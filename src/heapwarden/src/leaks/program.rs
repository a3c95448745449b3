//! What a program that was written for LeakSanitizer says of itself: functions that it may define.
//!
//! They are found if the program shows them to the loader (`-rdynamic`), or is linked with this.

use core::ffi::{CStr, c_char, c_int};
use core::mem::transmute;
use heapwarden_core::weak_address;

/// The program's own suppressions.
pub fn default_suppressions() -> &'static [u8] {
    let address = weak_address!("__lsan_default_suppressions");
    // SAFETY: null or LeakSanitizer's function of that name, which returns a C string that stays.
    unsafe {
        let function = transmute::<usize, Option<unsafe extern "C" fn() -> *const c_char>>(address);
        match function.map(|function| function()) {
            Some(text) if !text.is_null() => CStr::from_ptr(text).to_bytes(),
            _ => b"",
        }
    }
}

/// Whether the program does not want to be checked at all.
pub fn is_turned_off() -> bool {
    let address = weak_address!("__lsan_is_turned_off");
    // SAFETY: null or LeakSanitizer's function of that name.
    unsafe {
        let function = transmute::<usize, Option<unsafe extern "C" fn() -> c_int>>(address);
        function.is_some_and(|function| function() != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_such_functions_is_checked() {
        assert_eq!(default_suppressions(), b"");
        assert!(!is_turned_off());
    }
}
