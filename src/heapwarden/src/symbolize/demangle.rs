//! Readable names: Rust's (both schemes) and C++'s.
//!
//! A demangled name can be far longer than the mangled one; it is cut off at [`LENGTH_MAX`].

use core::fmt::{self, Write};

const LENGTH_MAX: usize = 2048;

/// Nesting of names that is followed; a deeper one stays mangled.
const DEPTH_MAX: u32 = 64;

/// A name and the space for the next one.
pub(super) struct Name {
    text: String,
}

impl Name {
    pub const fn new() -> Name {
        Name { text: String::new() }
    }

    /// The readable form of `symbol`.
    pub fn readable(&mut self, symbol: &[u8]) -> &str {
        self.text.clear();
        let symbol = String::from_utf8_lossy(symbol);
        if !self.rust(&symbol) && !self.cpp(&symbol) {
            self.text.clear();
            // The version of a symbol is not part of its name.
            let _ = Bounded(&mut self.text).write_str(&symbol);
        }
        &self.text
    }

    fn rust(&mut self, symbol: &str) -> bool {
        let Ok(name) = rustc_demangle::try_demangle(symbol) else { return false };
        // The short form, without the hash. An error means that it was cut off.
        let _ = write!(Bounded(&mut self.text), "{name:#}");
        true
    }

    fn cpp(&mut self, symbol: &str) -> bool {
        use cpp_demangle::{DemangleOptions, ParseOptions, Symbol};
        if !symbol.starts_with("_Z") {
            return false;
        }
        let limit = ParseOptions::default().recursion_limit(DEPTH_MAX);
        let Ok(name) = Symbol::new_with_options(symbol.as_bytes(), &limit) else { return false };
        let options = DemangleOptions::new().no_return_type().recursion_limit(DEPTH_MAX);
        let mut out = Bounded(&mut self.text);
        name.structured_demangle(&mut out, &options).is_ok() || self.text.len() >= LENGTH_MAX / 2
    }
}

/// Takes text up to a length, then says that it is full.
struct Bounded<'a>(&'a mut String);

impl Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LENGTH_MAX.saturating_sub(self.0.len());
        let mut end = text.len().min(room);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.0.push_str(&text[..end]);
        if end < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readable(symbol: &str) -> String {
        Name::new().readable(symbol.as_bytes()).to_owned()
    }

    #[test]
    fn names_of_rust_and_cpp_become_readable() {
        for (symbol, expected) in [
            ("main", "main"),
            ("_ZN4core3ptr4read17h0123456789abcdefE", "core::ptr::read"),
            ("_RNvC6_123foo3bar", "123foo::bar"),
            (
                "_ZNSt6vectorIiSaIiEE9push_backERKi",
                "std::vector<int, std::allocator<int> >::push_back(int const&)",
            ),
            ("_ZN12_GLOBAL__N_13runEv", "(anonymous namespace)::run()"),
            ("_Znwm", "operator new(unsigned long)"),
            ("_Znonsense", "_Znonsense"),
        ] {
            assert_eq!(readable(symbol), expected, "{symbol}");
        }
    }

    #[test]
    fn names_without_end_are_cut_off() {
        assert_eq!(readable(&"x".repeat(5000)).len(), LENGTH_MAX);
        // Every S_ doubles what came before.
        let bomb = format!("_Z1f{}", "1aIS_S_E".repeat(200));
        assert!(readable(&bomb).len() <= LENGTH_MAX);
    }
}
