//! Linker flags of the shared object; they do not touch the rlib.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Our memory, thread-exit hooks and atfork handlers outlive any dlclose: never unmap the code.
    println!("cargo::rustc-link-arg-cdylib=-Wl,-z,nodelete");
    // Without debug information debuggers treat malloc as they treat libc's: by its name. With it
    // gdb believes what it says of the types, in a release build that malloc returns nothing, and
    // cannot allocate in the program any more.
    println!("cargo::rustc-link-arg-cdylib=-Wl,--strip-debug");
    // Panics end in src/panic.rs and not in std. A definition in a linker expression wins over that
    // of an object file, for LLD and for GNU ld.
    match libcore().and_then(|library| panic_symbol(&library)) {
        Some(symbol) => {
            println!("cargo::rustc-link-arg-cdylib=-Wl,--defsym={symbol}=heapwarden_panic");
        }
        None => println!("cargo::warning=no panic symbol in libcore: a panic ends in std"),
    }
}

/// The `core` library that the shared object is linked with.
fn libcore() -> Option<PathBuf> {
    let compiler = env::var_os("RUSTC")?;
    let target = env::var("TARGET").ok()?;
    let output =
        Command::new(compiler).args(["--print", "target-libdir", "--target", &target]).output();
    let folder = String::from_utf8(output.ok()?.stdout).ok()?;
    fs::read_dir(folder.trim_end()).ok()?.flatten().map(|entry| entry.path()).find(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        name.starts_with("libcore-") && name.ends_with(".rlib")
    })
}

/// What `core` calls to panic. Its mangled name differs between compilers, so it is looked up in
/// the library's symbol table, where names lie between zero bytes.
fn panic_symbol(library: &Path) -> Option<String> {
    const NAME: &[u8] = b"rust_begin_unwind\0";
    let bytes = fs::read(library).ok()?;
    bytes.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME).find_map(
        |(position, _)| {
            let start = bytes[..position].iter().rposition(|byte| *byte == 0)? + 1;
            let name = str::from_utf8(&bytes[start..position + NAME.len() - 1]).ok()?;
            let is_symbol = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            is_symbol.then(|| name.to_owned())
        },
    )
}
