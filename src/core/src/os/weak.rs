//! Symbols that may not be there: what the linker or the loader found for a name, or null.

/// The address of a symbol, 0 where nothing defines it. The reference is weak in each place where
/// this is used: a weak reference in one object file does not weaken a strong one in another.
/// Cost: one load.
#[macro_export]
macro_rules! weak_address {
    ($name:literal) => {{
        let address: usize;
        // SAFETY: loads one address from the global offset table, which is filled in before any code
        // runs and is not written afterwards.
        unsafe {
            ::core::arch::asm!(
                concat!(".weak ", $name),
                concat!("mov {}, qword ptr [rip + ", $name, "@GOTPCREL]"),
                out(reg) address,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        address
    }};
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_that_nobody_defines_is_null() {
        assert_eq!(weak_address!("heapwarden_defines_no_such_symbol"), 0);
        assert_ne!(weak_address!("getpid"), 0);
    }
}
