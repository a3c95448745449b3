//! What this binary carries and others need as files: the preload library for the loader, the script
//! for gdb.
//!
//! The files are named by their content, so that versions do not disturb each other, and are trusted
//! only if nobody else could have written them and their bytes are ours: a library that is preloaded
//! runs with all the rights of the program, a script with those of the debugger.

use crate::failure::Failure;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A file's name and content.
pub type File = (&'static str, &'static [u8]);

/// The folder on disk that holds `files`, which are written there if they are not. A folder that
/// `suits` objects to is passed over. `what` names them in a complaint.
pub fn installed(
    what: &str,
    files: &[File],
    suits: fn(&Path) -> io::Result<()>,
) -> Result<PathBuf, Failure> {
    let mut tried = String::new();
    for directory in candidates() {
        match install(&directory, files, suits) {
            Ok(path) => return Ok(path),
            Err(error) => tried += &format!("\n  {}: {error}", directory.display()),
        }
    }
    Err(Failure::own(format!("found no place to write {what} to:{tried}")))
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

/// Puts `files` into `base/HASH/` and returns that folder.
fn install(base: &Path, files: &[File], suits: fn(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
    let directory = base.join(format!("{:016x}", content_hash(files)));
    for level in [base, &directory] {
        DirBuilder::new().recursive(true).mode(0o755).create(level)?;
        refuse_strangers(level)?;
    }
    suits(&directory)?;
    for (name, bytes) in files {
        if !holds(&directory.join(name), bytes) {
            write_atomically(&directory, name, bytes)?;
        }
    }
    Ok(directory)
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

/// Several commands may do this at once, and a program may just be loading the file: whoever opens it
/// sees either nothing or all of it.
fn write_atomically(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let draft = directory.join(format!(".{name}.{}", std::process::id()));
    // Left over from a killed process with our number.
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&draft)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.set_permissions(Permissions::from_mode(0o644)))
        .and_then(|()| fs::rename(&draft, directory.join(name)));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

/// FNV-1a over names and contents. It only keeps versions apart: the contents themselves are compared
/// before they are used.
fn content_hash(files: &[File]) -> u64 {
    let bytes =
        files.iter().flat_map(|(name, content)| name.bytes().chain(content.iter().copied()));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[File] = &[("library.so", b"library"), ("script", b"text")];

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("heapwarden-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    fn put(base: &Path, files: &[File]) -> io::Result<PathBuf> {
        install(base, files, |_| Ok(()))
    }

    #[test]
    fn a_damaged_or_open_file_is_replaced() {
        let base = scratch("damaged");
        let folder = put(&base, FILES).unwrap();
        let path = folder.join("library.so");
        fs::write(&path, b"something else").unwrap();
        assert_eq!(put(&base, FILES).unwrap(), folder);
        assert_eq!(fs::read(&path).unwrap(), b"library");
        assert_eq!(fs::read(folder.join("script")).unwrap(), b"text");
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        put(&base, FILES).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o644);
        assert_ne!(put(&base, &[("library.so", b"another version")]).unwrap(), folder);
        fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn a_directory_that_others_can_write_or_that_is_a_link_is_refused() {
        let base = scratch("open");
        fs::create_dir(&base).unwrap();
        fs::set_permissions(&base, Permissions::from_mode(0o777)).unwrap();
        assert!(put(&base, FILES).is_err());
        let link = scratch("link");
        fs::set_permissions(&base, Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink(&base, &link).unwrap();
        assert!(put(&link, FILES).is_err());
        fs::remove_file(&link).unwrap();
        fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn a_directory_that_does_not_suit_gets_no_file() {
        let base = scratch("unsuited");
        assert!(install(&base, FILES, |_| Err(io::Error::other("no"))).is_err());
        let folders: Vec<_> = fs::read_dir(&base).unwrap().flatten().collect();
        assert!(folders.iter().all(|folder| fs::read_dir(folder.path()).unwrap().next().is_none()));
        fs::remove_dir_all(&base).unwrap();
    }
}
