//! Linker flags of the shared object; they do not touch the rlib.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The functions that src/intercept makes with `interceptors!` and that Rust code may call.
const INTERCEPTED: [&str; 11] = [
    "memcpy", "memmove", "memset", "read", "pread64", "recv", "readlink", "getcwd", "write",
    "pwrite64", "send",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Our memory, thread-exit hooks and atfork handlers outlive any dlclose: never unmap the code.
    println!("cargo::rustc-link-arg-cdylib=-Wl,-z,nodelete");
    // What every process runs lies side by side.
    let order = Path::new(env!("CARGO_MANIFEST_DIR")).join("order.ld");
    println!("cargo::rerun-if-changed=order.ld");
    println!("cargo::rustc-link-arg-cdylib=-T");
    println!("cargo::rustc-link-arg-cdylib={}", order.display());
    // Without debug information debuggers treat malloc as they treat libc's: by its name. With it
    // gdb believes what it says of the types, in a release build that malloc returns nothing, and
    // cannot allocate in the program any more.
    println!("cargo::rustc-link-arg-cdylib=-Wl,--strip-debug");
    // What the library itself calls by these names, most of it made by the compiler, goes to libc
    // and not into the checks: see src/intercept/mod.rs.
    for name in INTERCEPTED {
        println!("cargo::rustc-link-arg-cdylib=-Wl,--wrap={name}");
    }
    // Panics end in src/panic.rs and not in std. A definition in a linker expression wins over that
    // of an object file, for LLD and for GNU ld.
    for (library, name, ours) in [
        ("libcore-", "rust_begin_unwind", "heapwarden_panic"),
        ("liballoc-", "__rust_alloc_error_handler", "heapwarden_no_memory"),
    ] {
        match find_library(library).and_then(|library| symbol_in(&library, name)) {
            Some(symbol) => {
                println!("cargo::rustc-link-arg-cdylib=-Wl,--defsym={symbol}={ours}");
            }
            None => println!("cargo::warning=no {name} found: a panic ends in std"),
        }
    }
}

/// One of Rust's own libraries that the shared object is linked with.
fn find_library(prefix: &str) -> Option<PathBuf> {
    let compiler = env::var_os("RUSTC")?;
    let target = env::var("TARGET").ok()?;
    let output =
        Command::new(compiler).args(["--print", "target-libdir", "--target", &target]).output();
    let folder = String::from_utf8(output.ok()?.stdout).ok()?;
    fs::read_dir(folder.trim_end()).ok()?.flatten().map(|entry| entry.path()).find(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        name.starts_with(prefix) && name.ends_with(".rlib")
    })
}

/// The mangled name of what a library calls by `name`. It differs between compilers, so it is looked
/// up in the library's symbol table, where names lie between zero bytes.
fn symbol_in(library: &Path, name: &str) -> Option<String> {
    let ending = format!("{name}\0").into_bytes();
    let bytes = fs::read(library).ok()?;
    bytes.windows(ending.len()).enumerate().filter(|(_, window)| *window == ending).find_map(
        |(position, _)| {
            let start = bytes[..position].iter().rposition(|byte| *byte == 0)? + 1;
            let name = str::from_utf8(&bytes[start..position + ending.len() - 1]).ok()?;
            let is_symbol = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            is_symbol.then(|| name.to_owned())
        },
    )
}
