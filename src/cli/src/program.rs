//! The program to run: where it is, and whether LD_PRELOAD can reach it.
//!
//! The loader ignores a library it cannot use, silently or with a line on stderr, and the program
//! would run unwatched: better to refuse, in one sentence.

use crate::elf::{self, Executable};
use crate::failure::Failure;
use std::ffi::{CString, OsStr, OsString};
use std::fs::{File, Metadata};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Where execvp looks without a PATH.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// The kernel follows as many interpreters of interpreters.
const SCRIPT_DEPTH_MAX: usize = 5;

/// Finds the file as execvp would.
pub fn find(name: &OsStr) -> Result<PathBuf, Failure> {
    if name.as_bytes().contains(&b'/') {
        return Ok(name.into());
    }
    let directories = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let paths = std::env::split_paths(&directories).map(|directory| directory.join(name));
    let mut found = paths.filter(|path| !name.is_empty() && path.is_file()).peekable();
    let first = found.peek().cloned();
    // A file that may not be executed does not hide one further along the path.
    found.find(|path| is_executable(path)).or(first).ok_or_else(|| {
        Failure::not_found(format!("{}: no such program on the PATH", name.display()))
    })
}

/// Refuses what cannot work.
pub fn check(path: &Path) -> Result<(), Failure> {
    let shown = path.display().to_string();
    let mut path = path.to_owned();
    for depth in 0..=SCRIPT_DEPTH_MAX {
        // What the sentences below are about: the program, or what its `#!` line names.
        let who = match depth {
            0 => shown.clone(),
            _ => format!("{shown} is a script, and its interpreter {}", path.display()),
        };
        match inspect(&path, &who)? {
            Executable::Script { interpreter } if !interpreter.is_empty() => {
                path = OsString::from_vec(interpreter).into();
            }
            Executable::Elf { loader } => return check_loader(&path, &who, loader),
            Executable::Foreign { bits, machine } => {
                let machine = elf::machine_name(machine);
                return Err(Failure::cannot_run(format!(
                    "{who} is a {bits}-bit {machine} program; Heapwarden works in 64-bit \
                     x86-64 ones"
                )));
            }
            Executable::Script { .. } | Executable::Other => return Ok(()),
        }
    }
    // Too deep: exec will say so itself.
    Ok(())
}

/// Checks what the file system says of a file, then looks inside.
fn inspect(path: &Path, who: &str) -> Result<Executable, Failure> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(Failure::cannot_run(format!("{who} cannot be reached: {error}")));
        }
        Err(_) => return Err(Failure::not_found(format!("{who} does not exist"))),
    };
    if metadata.is_dir() {
        return Err(Failure::cannot_run(format!("{who} is a directory")));
    }
    if !is_executable(path) {
        return Err(Failure::cannot_run(format!("{who} is not executable")));
    }
    // A program that may be executed but not read gets the benefit of the doubt.
    let executable = File::open(path).map_or(Executable::Other, |file| {
        elf::inspect(&|offset, buffer| file.read_at(buffer, offset).unwrap_or(0))
    });
    // The kernel ignores these on scripts.
    if !matches!(executable, Executable::Script { .. })
        && let Some(privilege) = privilege(path, &metadata)
    {
        return Err(Failure::cannot_run(format!(
            "{who} {privilege}, so the loader ignores LD_PRELOAD in it; a plain copy of it would \
             work"
        )));
    }
    Ok(executable)
}

/// What makes the loader distrust its environment.
fn privilege(path: &Path, metadata: &Metadata) -> Option<&'static str> {
    let mode = metadata.mode();
    if mode & libc::S_ISUID != 0 {
        return Some("is setuid");
    }
    // Without the execute bit of the group, setgid means something else.
    if mode & libc::S_ISGID != 0 && mode & libc::S_IXGRP != 0 {
        return Some("is setgid");
    }
    let name = CString::new(path.as_os_str().as_bytes()).ok()?;
    let attribute = c"security.capability".as_ptr();
    // SAFETY: both strings end in NUL; no buffer is given, only the size is asked for.
    let size = unsafe { libc::getxattr(name.as_ptr(), attribute, std::ptr::null_mut(), 0) };
    // SAFETY: geteuid has no preconditions and cannot fail.
    (size > 0 && unsafe { libc::geteuid() } != 0).then_some("has file capabilities")
}

fn check_loader(path: &Path, who: &str, loader: Option<Vec<u8>>) -> Result<(), Failure> {
    let Some(loader) = loader else {
        // The loader itself needs none: `ld-linux-x86-64.so.2 PROGRAM` is a way to start one.
        return match path.canonicalize() {
            Ok(path) if is_glibc_loader(&path) => Ok(()),
            _ => Err(Failure::cannot_run(format!(
                "{who} is statically linked: its malloc is part of it and cannot be replaced"
            ))),
        };
    };
    let loader = PathBuf::from(OsString::from_vec(loader));
    let shown = loader.display();
    if !loader.exists() {
        return Err(Failure::not_found(format!(
            "{who} needs the loader {shown}: it does not exist"
        )));
    }
    if !is_glibc_loader(&loader) {
        return Err(Failure::cannot_run(format!(
            "{who} is linked with another C library than glibc (its loader is {shown})"
        )));
    }
    Ok(())
}

fn is_glibc_loader(path: &Path) -> bool {
    let name = path.file_name().map(OsStr::as_bytes).unwrap_or_default();
    [&b"ld-linux"[..], b"ld-2.", b"ld.so"].iter().any(|start| name.starts_with(start))
}

fn is_executable(path: &Path) -> bool {
    let Ok(name) = CString::new(path.as_os_str().as_bytes()) else { return false };
    // SAFETY: `name` ends in NUL.
    let permitted =
        unsafe { libc::faccessat(libc::AT_FDCWD, name.as_ptr(), libc::X_OK, libc::AT_EACCESS) }
            == 0;
    permitted && path.is_file()
}
