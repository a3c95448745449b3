//! The allocators and checkers that are installed here, found by where distributions put them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Allocator;
use crate::machine;

/// Libraries by the name that their columns get, and the file. The last one is a checker: its
/// blocks carry a stack and canaries each and are kept back when freed.
const LIBRARIES: [(&str, &str); 5] = [
    ("jemalloc", "libjemalloc.so.2"),
    ("mimalloc", "libmimalloc.so.2"),
    ("mimalloc3", "libmimalloc.so.3"),
    ("tcmalloc", "libtcmalloc_minimal.so.4"),
    (TCMALLOC_DEBUG, "libtcmalloc_minimal_debug.so.4"),
];
const TCMALLOC_DEBUG: &str = "tcmalloc-debug";

/// What is found, in no order that matters.
pub fn all() -> Vec<Allocator> {
    let mut found = Vec::new();
    for (name, file) in LIBRARIES {
        let library = machine::find_library(file);
        let slow = name == TCMALLOC_DEBUG;
        found.extend(library.map(|path| Allocator {
            slow,
            short_only: slow,
            ..Allocator::library(name, path)
        }));
    }
    found.extend(machine::find_scudo().map(|path| Allocator::library("scudo", path)));
    found.extend(malloc_check());
    found.extend(heaptrack());
    found.extend(memcheck());
    found
}

/// glibc's own checker: since 2.34 a library of its own, which does nothing without the variable.
fn malloc_check() -> Option<Allocator> {
    let library = machine::find_library("libc_malloc_debug.so.0")?;
    let version = super::glibc().ok()?.version;
    Some(Allocator {
        version,
        environment: vec!["MALLOC_CHECK_=3".into()],
        ..Allocator::library("MALLOC_CHECK_=3", library)
    })
}

/// heaptrack's recorder. It takes a stack at every malloc and leaves the work to the malloc behind
/// it. What it records is thrown away: its interpreter, another process, is not measured.
fn heaptrack() -> Option<Allocator> {
    let library = PathBuf::from("/usr/lib/heaptrack/libheaptrack_preload.so");
    library.exists().then(|| Allocator {
        environment: vec!["DUMP_HEAPTRACK_OUTPUT=/dev/null".into()],
        slow: true,
        short_only: true,
        ..Allocator::library("heaptrack", library)
    })
}

/// valgrind's default tool. It replaces the malloc of the libc that is "preloaded".
fn memcheck() -> Option<Allocator> {
    let program = Path::new("/usr/bin/valgrind");
    let version = machine::package_of(program)?;
    Some(Allocator {
        name: "memcheck".to_owned(),
        version,
        wrapper: ["valgrind", "--tool=memcheck", "-q"].map(OsString::from).to_vec(),
        slow: true,
        short_only: true,
        ..super::glibc().ok()?
    })
}
