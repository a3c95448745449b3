//! The preload library: bytes inside this binary, and a file for the loader.

use crate::carried;
use crate::failure::Failure;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

static LIBRARY: &[u8] = heapwarden_embed::preload_library!();

/// The file's name; entries of LD_PRELOAD with this name are ours.
pub const FILE_NAME: &str = "libheapwarden.so";

/// The path of the library on disk, written there if it is not.
pub fn installed() -> Result<PathBuf, Failure> {
    if LIBRARY.is_empty() {
        return Err(Failure::own("this binary was built without the preload library"));
    }
    let folder =
        carried::installed("the preload library", &[(FILE_NAME, LIBRARY)], can_be_loaded_from)?;
    Ok(folder.join(FILE_NAME))
}

/// An error if the loader would not load what is in a folder.
fn can_be_loaded_from(directory: &Path) -> io::Result<()> {
    if is_split(directory) {
        return Err(io::Error::other(
            "the path has a blank or a colon, which LD_PRELOAD splits at",
        ));
    }
    if is_noexec(directory)? {
        return Err(io::Error::other("mounted noexec, so nothing can be loaded from there"));
    }
    Ok(())
}

fn is_split(path: &Path) -> bool {
    path.as_os_str().as_bytes().iter().any(|byte| b" :\t\n".contains(byte))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_the_loader_would_split_is_refused() {
        assert!(can_be_loaded_from(Path::new("/tmp/with blank ")).is_err());
        assert!(can_be_loaded_from(Path::new("/tmp/with:colon")).is_err());
    }
}
