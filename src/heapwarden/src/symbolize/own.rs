//! Frames that are not the program's: of Rust's own libraries, and of this one where it is part of the
//! program. Told by the source file, for debug information may name functions without their module.

use super::Frame;

/// This file's path, and what of it is not the folder of the sources.
const THIS: &str = file!();
const NAME: &str = "symbolize/own.rs";

/// Where Rust's own libraries are said to be compiled, and where their sources may be installed.
const RUST: [&str; 2] = ["/rustc/", "/rustlib/src/rust/library/"];

impl Frame<'_> {
    /// Whether it is one of this library.
    pub fn is_own(&self) -> bool {
        let folder = THIS.strip_suffix(NAME).unwrap_or(THIS);
        let own = [folder, heapwarden_core::SOURCES];
        // A folder that is named like any other says nothing.
        let is_in = |file: &str, folder: &str| folder != "src/" && file.contains(folder);
        self.file.is_some_and(|file| own.iter().any(|folder| is_in(file, folder)))
    }

    /// Whether it is one of Rust's own libraries.
    pub fn is_of_rust(&self) -> bool {
        self.file.is_some_and(|file| RUST.iter().any(|folder| file.contains(folder)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_told_by_the_file() {
        let frame = Frame { function: Some("record"), file: Some(THIS), ..Frame::default() };
        assert!(frame.is_own() && !frame.is_of_rust());
        let rust = "/rustc/0123456789abcdef/library/alloc/src/vec/mod.rs";
        let frame = Frame { file: Some(rust), ..frame };
        assert!(frame.is_of_rust() && !frame.is_own());
        for file in [Some("/app/src/main.rs"), None] {
            let frame = Frame { file, ..frame };
            assert!(!frame.is_own() && !frame.is_of_rust());
        }
    }

    #[test]
    fn the_folders_of_the_sources_are_known() {
        assert_eq!(THIS.strip_suffix(NAME).map(|folder| folder.ends_with("src/")), Some(true));
        assert!(heapwarden_core::SOURCES.ends_with("src/"));
    }
}
