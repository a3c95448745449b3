//! Compiles C and C++ of tests/programs to shared libraries and loads them.

// Every test file uses its own part of this.
#![allow(dead_code)]

use std::ffi::{CString, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A loaded library; it stays loaded unless [`Library::close`] is called.
pub struct Library {
    handle: *mut c_void,
    path: PathBuf,
}

/// Compiles `programs/<source>` with these flags. `None` if there is no compiler.
pub fn compile(source: &str, flags: &[&str]) -> Option<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let compiler = if source.ends_with(".cpp") { "g++" } else { "gcc" };
    if Command::new(compiler).arg("--version").output().is_err() {
        eprintln!("{source}: skipped, there is no {compiler}");
        return None;
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}-{}-{number}.so", source.replace('.', "_"), std::process::id());
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs").join(source);
    let status = Command::new(compiler)
        .args([
            "-shared",
            "-fPIC",
            "-g",
            "-Wall",
            "-Wextra",
            "-Wno-clobbered",
            "-Werror",
            "-pthread",
        ])
        .args(flags)
        .arg("-o")
        .args([&output, &source])
        .status()
        .expect("the compiler starts");
    assert!(status.success(), "{}: {status}", source.display());
    Some(output)
}

impl Library {
    /// Loads a library; its file is not needed any more then.
    pub fn open(path: &Path) -> Library {
        let name = CString::new(path.as_os_str().as_encoded_bytes()).expect("a path");
        // SAFETY: the library's initialisers do nothing harmful.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "{}", path.display());
        Library { handle, path: path.to_owned() }
    }

    /// The address of a function.
    pub fn function(&self, name: &str) -> *mut c_void {
        let name = CString::new(name).expect("a name");
        // SAFETY: an open library and a C string.
        let address = unsafe { libc::dlsym(self.handle, name.as_ptr()) };
        assert!(!address.is_null(), "{name:?} in {}", self.path.display());
        address
    }

    /// Unloads it.
    pub fn close(self) {
        // SAFETY: open until here.
        assert_eq!(unsafe { libc::dlclose(self.handle) }, 0);
    }
}

/// Compiles and loads `source`, and calls its function `test(check, argument)`.
pub fn run(source: &str, flags: &[&str], check: extern "C" fn(), argument: u32) -> bool {
    let Some(path) = compile(source, flags) else { return false };
    let library = Library::open(&path);
    std::fs::remove_file(&path).expect("the library's file");
    call_test(&library, check, argument);
    true
}

/// Calls a library's function `test(check, argument)`.
pub fn call_test(library: &Library, check: extern "C" fn(), argument: u32) {
    // SAFETY: every program's `test` has this type.
    unsafe {
        let test: extern "C" fn(extern "C" fn(), u32) =
            std::mem::transmute(library.function("test"));
        test(check, argument);
    }
}
