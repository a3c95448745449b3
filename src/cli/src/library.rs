//! The preload library: bytes inside this binary, and a file for the loader.
//!
//! The file is named by its content, so that versions do not disturb each other, and is trusted
//! only if nobody else could have written it and its bytes are ours: a library that is preloaded
//! runs with all the rights of the program.

use crate::failure::Failure;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

static LIBRARY: &[u8] = heapwarden_embed::preload_library!();

/// The file's name; entries of LD_PRELOAD with this name are ours.
pub const FILE_NAME: &str = "libheapwarden.so";

/// The path of the library on disk, written there if it is not.
pub fn installed() -> Result<PathBuf, Failure> {
    if LIBRARY.is_empty() {
        return Err(Failure::own("this binary was built without the preload library"));
    }
    let mut tried = String::new();
    for directory in candidates() {
        match install(&directory, LIBRARY) {
            Ok(path) => return Ok(path),
            Err(error) => tried += &format!("\n  {}: {error}", directory.display()),
        }
    }
    Err(Failure::own(format!("found no place to write the preload library to:{tried}")))
}

/// The directories to try, the best first. The last ones are for users without a writable home.
fn candidates() -> Vec<PathBuf> {
    let variable =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let mut directories = Vec::new();
    directories.extend(variable("XDG_CACHE_HOME").map(|cache| cache.join("heapwarden")));
    directories.extend(variable("HOME").map(|home| home.join(".cache/heapwarden")));
    // SAFETY: geteuid has no preconditions and cannot fail.
    let own = format!("heapwarden-{}", unsafe { libc::geteuid() });
    let shared = variable("TMPDIR").into_iter().chain(["/tmp", "/var/tmp"].map(PathBuf::from));
    directories.extend(shared.map(|directory| directory.join(&own)));
    directories
}

/// Puts `bytes` into `base/HASH/` and returns the file's path.
fn install(base: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let directory = base.join(format!("{:016x}", content_hash(bytes)));
    let path = directory.join(FILE_NAME);
    if path.as_os_str().as_bytes().iter().any(|byte| b" :\t\n".contains(byte)) {
        return Err(io::Error::other(
            "the path has a blank or a colon, which LD_PRELOAD splits at",
        ));
    }
    for level in [base, &directory] {
        DirBuilder::new().recursive(true).mode(0o755).create(level)?;
        refuse_strangers(level)?;
    }
    if is_noexec(&directory)? {
        return Err(io::Error::other("mounted noexec, so nothing can be loaded from there"));
    }
    if !holds(&path, bytes) {
        write_atomically(&directory, &path, bytes)?;
    }
    Ok(path)
}

/// Whether the file is there, written by nobody else, with the right content.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    refuse_strangers(path).is_ok() && fs::read(path).is_ok_and(|content| content == bytes)
}

/// An error if somebody other than us and root could have changed what is at `path`.
fn refuse_strangers(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    // SAFETY: geteuid has no preconditions and cannot fail.
    let ours = [0, unsafe { libc::geteuid() }].contains(&metadata.uid());
    let shared = metadata.mode() & 0o022 != 0;
    if metadata.is_symlink() || !ours || shared {
        return Err(io::Error::other("somebody else may write there"));
    }
    Ok(())
}

/// Several commands may do this at once, and a program may just be loading the file: whoever opens
/// `path` sees either nothing or a complete library.
fn write_atomically(directory: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = directory.join(format!(".{}.{}", FILE_NAME, std::process::id()));
    // Left over from a killed process with our number.
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&draft)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.set_permissions(Permissions::from_mode(0o644)))
        .and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

fn is_noexec(directory: &Path) -> io::Result<bool> {
    let name = std::ffi::CString::new(directory.as_os_str().as_bytes())?;
    // SAFETY: statvfs is plain data, for which all zeros is a valid value.
    let mut answer: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are valid for the call; `name` ends in NUL.
    if unsafe { libc::statvfs(name.as_ptr(), &mut answer) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(answer.f_flag & libc::ST_NOEXEC != 0)
}

/// FNV-1a. It only keeps versions apart: the content itself is compared before it is used.
fn content_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("heapwarden-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn a_damaged_or_open_file_is_replaced() {
        let base = scratch("damaged");
        let path = install(&base, b"library").unwrap();
        fs::write(&path, b"something else").unwrap();
        assert_eq!(install(&base, b"library").unwrap(), path);
        assert_eq!(fs::read(&path).unwrap(), b"library");
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        install(&base, b"library").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o644);
        assert_ne!(install(&base, b"another version").unwrap(), path);
        fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn a_directory_that_others_can_write_or_that_is_a_link_is_refused() {
        let base = scratch("open");
        fs::create_dir(&base).unwrap();
        fs::set_permissions(&base, Permissions::from_mode(0o777)).unwrap();
        assert!(install(&base, b"library").is_err());
        let link = scratch("link");
        fs::set_permissions(&base, Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink(&base, &link).unwrap();
        assert!(install(&link, b"library").is_err());
        fs::remove_file(&link).unwrap();
        fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn a_path_the_loader_would_split_is_refused() {
        assert!(install(&scratch("with blank "), b"library").is_err());
        assert!(install(&scratch("with:colon"), b"library").is_err());
    }
}
