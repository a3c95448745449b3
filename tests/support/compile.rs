//! Compiles the programs in `tests/programs` with the machine's C, C++ and Rust compilers.
//!
//! The result is kept in the target folder under a name made from everything that goes into it, so
//! each program is compiled once. It is written beside and then renamed: tests that want the same
//! program at the same time at worst compile it twice.

use super::tools::installed;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};

const PROGRAM: &[&str] = &["-O1", "-g", "-Wall", "-Wextra", "-fno-builtin", "-pthread"];
const RUST: &[&str] = &["--edition=2024", "-g", "-O"];
const LIBRARY: &[&str] = &["-fPIC", "-shared", "-fno-gnu-unique"];

/// Compiles `programs/<source>` (`.c` or `.cpp`); `None` when there is no compiler for it.
pub fn c_program(source: &str) -> Option<PathBuf> {
    compile(source, &[])
}

/// The same with other flags in addition.
pub fn c_program_with(source: &str, flags: &[&str]) -> Option<PathBuf> {
    compile(source, flags)
}

/// Compiles all of `programs/<folder>/*.c` to one program.
pub fn c_folder(folder: &str) -> Option<PathBuf> {
    let files = fs::read_dir(programs().join(folder)).expect("a folder of sources");
    let name = |file: fs::DirEntry| file.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = files.flatten().map(name).collect();
    names.sort();
    let sources: Vec<String> = names.iter().map(|name| format!("{folder}/{name}")).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    compile_all(folder, &sources, &[])
}

/// Where the sources are.
pub fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs")
}

/// A program's source as a shared library for `dlopen`, and one that `dlclose` really unloads: the linker's
/// "unique" symbols, which inline C++ objects get, would keep it for ever.
pub fn c_library(source: &str) -> Option<PathBuf> {
    compile(source, LIBRARY)
}

/// The same with other flags in addition.
pub fn c_library_with(source: &str, flags: &[&str]) -> Option<PathBuf> {
    compile(source, &[LIBRARY, flags].concat())
}

/// Compiles `programs/<source>` (`.rs`) with the compiler that builds these tests.
pub fn rust_program(source: &str) -> Option<PathBuf> {
    compile(source, &[])
}

fn compile(source: &str, extra: &[&str]) -> Option<PathBuf> {
    compile_all(source, &[source], extra)
}

/// Those that any program may include.
fn headers(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("the sources").flatten().map(|file| file.path());
    let mut headers: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "h")).collect();
    headers.sort();
    headers
}

/// Headers among the sources are not compiled, but looked at.
fn compile_all(title: &str, sources: &[&str], extra: &[&str]) -> Option<PathBuf> {
    let folder = programs();
    let (compiler, options, libraries): (_, _, &[&str]) = match title.rsplit_once('.') {
        Some((_, "rs")) => ("rustc", RUST, &[]),
        Some((_, "cpp")) => ("g++", PROGRAM, &["-ldl"]),
        _ => ("gcc", PROGRAM, &["-ldl"]),
    };
    if !installed(&[compiler]) {
        return None;
    }
    let paths: Vec<PathBuf> = sources.iter().map(|source| folder.join(source)).collect();
    let mut hasher = DefaultHasher::new();
    (compiler, options, extra).hash(&mut hasher);
    for file in paths.iter().chain(&headers(&folder)) {
        fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display())).hash(&mut hasher);
    }
    let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
    fs::create_dir_all(&store).expect("a folder for the compiled programs");
    let name = format!("{}-{:016x}", title.replace('.', "_"), hasher.finish());
    let program = store.join(&name);
    if program.exists() {
        return Some(program);
    }

    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let unfinished = store.join(format!("{name}.{}.{number}", process::id()));
    let output = Command::new(compiler)
        .args(options)
        .args(extra)
        .arg("-o")
        .arg(&unfinished)
        .args(paths.iter().filter(|path| path.extension().is_none_or(|ending| ending != "h")))
        .args(libraries)
        .output()
        .expect("the compiler starts");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{compiler} {title}: {}\n{messages}", output.status);
    fs::rename(&unfinished, &program).expect("the compiled program gets its name");
    Some(program)
}
