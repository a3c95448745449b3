//! Where our own preload library comes from.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command_line::AllocatorChoice;

/// The preload library: the one named, or the one next to this executable, which `cargo run` first
/// brings up to date.
pub fn heapwarden_library(choice: &AllocatorChoice) -> std::result::Result<PathBuf, String> {
    if let Some(path) = &choice.heapwarden {
        return path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
    }
    let executable = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = executable.parent().unwrap_or(Path::new("."));
    if let Some(cargo) = std::env::var_os("CARGO") {
        build_preload_library(&cargo, folder)?;
    }
    let library = folder.join("libheapwarden_preload.so");
    library.canonicalize().map_err(|_| {
        format!("no {}: run `cargo build --release -p heapwarden-preload`", library.display())
    })
}

fn build_preload_library(cargo: &OsString, folder: &Path) -> std::result::Result<(), String> {
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "-p", "heapwarden-preload"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    if let Some(target) = folder.parent() {
        build.arg("--target-dir").arg(target);
    }
    match build.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("building the preload library: {status}")),
        Err(error) => Err(format!("building the preload library: {error}")),
    }
}
