//! AddressSanitizer: not a library to preload, the program has to be compiled with it.
//!
//! So this executable is built a second time, by a nightly compiler, and runs the own workloads:
//! `RUSTFLAGS=-Zsanitizer=address cargo +nightly build --release -p heapwarden-bench --target
//! x86_64-unknown-linux-gnu`. The C++ program among them is compiled with g++'s runtime.

use std::path::Path;

use super::Allocator;

/// The column of this executable built with AddressSanitizer.
pub fn address_sanitizer(executable: &Path) -> Allocator {
    Allocator {
        name: "asan".to_owned(),
        version: "AddressSanitizer of nightly Rust, the own workloads recompiled".to_owned(),
        library: executable.to_path_buf(),
        recompiled: Some(executable.to_path_buf()),
        // What the workloads leave to the end of the process is not what is measured.
        environment: vec!["ASAN_OPTIONS=detect_leaks=0".into()],
        slow: true,
        ..Allocator::default()
    }
}
