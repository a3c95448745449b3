//! C++ strings and maps: a C++ program, compiled when it is first wanted.
//!
//! The program lies beside this executable under a name made from its source text, so it is compiled
//! once; where that folder cannot be written, in the folder for temporary files.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

const SOURCE: &str = include_str!("strings.cpp");

/// Becomes the C++ program: exec keeps the preloaded library in the environment.
pub fn run(operations: u64) -> Result<u64> {
    let executable = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = build(&executable, &[])?;
    let error = Command::new(&program).arg(operations.to_string()).exec();
    Err(format!("cannot run {}: {error}", program.display()))
}

/// Compiles the program with `flags` if it is not there yet, and gives its path.
pub fn build(executable: &Path, flags: &[&str]) -> Result<PathBuf> {
    let beside = executable.parent().map(Path::to_path_buf).unwrap_or_default();
    let identity = [&[SOURCE], flags].concat().concat();
    let name = format!("bench-strings-{:016x}", fingerprint(identity.as_bytes()));
    let mut complaint = String::new();
    for folder in [beside, std::env::temp_dir()] {
        let program = folder.join(&name);
        if program.exists() {
            return Ok(program);
        }
        match compile(&folder, &program, flags) {
            Ok(()) => return Ok(program),
            Err(error) => complaint = error,
        }
    }
    Err(complaint)
}

fn compile(folder: &Path, program: &Path, flags: &[&str]) -> Result<()> {
    // Compiled under another name and renamed, so that a half-written program is never run.
    let unfinished = folder.join(format!("bench-strings-{}.tmp", std::process::id()));
    let source = unfinished.with_extension("cpp");
    std::fs::write(&source, SOURCE)
        .map_err(|error| format!("cannot write {}: {error}", source.display()))?;
    let output = Command::new("g++")
        .args(["-std=c++17", "-O2"])
        .args(flags)
        .arg("-o")
        .arg(&unfinished)
        .arg(&source)
        .env_remove("LD_PRELOAD")
        .output();
    let _ = std::fs::remove_file(&source);
    let output = output.map_err(|error| format!("no g++: {error}"))?;
    if !output.status.success() {
        return Err(format!("g++ failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    std::fs::rename(&unfinished, program).map_err(|error| format!("cannot rename: {error}"))
}

/// FNV-1a: names the compiled program after its source.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
