//! Which files a command line means.

use super::Sources;
use crate::failure::Failure;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A file to read.
pub struct Found {
    /// Where it is; `-` is standard input.
    pub path: PathBuf,
    /// Whether the user named it: then it has to be a report.
    pub is_named: bool,
}

/// The files, each once: those of folders, and beside each `FILE` all `FILE.PID`.
pub fn files(sources: &Sources<'_>) -> Result<Vec<Found>, Failure> {
    let mut list = List::default();
    for path in sources.paths {
        if path.is_dir() {
            let files = regular_files(path)
                .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
            files.into_iter().for_each(|file| list.add(file, false));
            continue;
        }
        list.add(path.clone(), true);
        if sources.with_siblings {
            // A folder that cannot be listed has no siblings to offer; the file itself is read.
            let siblings = siblings(path).unwrap_or_default();
            siblings.into_iter().for_each(|sibling| list.add(sibling, false));
        }
    }
    Ok(list.files)
}

#[derive(Default)]
struct List {
    files: Vec<Found>,
    /// Their positions by where they really are.
    known: HashMap<PathBuf, usize>,
}

impl List {
    /// Adds a file, unless it is there; one that is named as well as found counts as named.
    fn add(&mut self, path: PathBuf, is_named: bool) {
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let position = *self.known.entry(real).or_insert(self.files.len());
        match self.files.get_mut(position) {
            Some(file) => file.is_named |= is_named,
            None => self.files.push(Found { path, is_named }),
        }
    }
}

/// The regular files in a folder, by name; those in folders below are others' business.
fn regular_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// `FILE.PID` of each other process of the tree.
fn siblings(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let Some(name) = path.file_name() else { return Ok(Vec::new()) };
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut files = regular_files(folder.unwrap_or(Path::new(".")))?;
    files.retain(|file| file.file_name().is_some_and(|other| is_of_process(other, name)));
    Ok(files)
}

/// Whether `other` is `name`, a dot and digits.
fn is_of_process(other: &OsStr, name: &OsStr) -> bool {
    let rest = other.as_bytes().strip_prefix(name.as_bytes());
    let digits = rest.and_then(|rest| rest.strip_prefix(b"."));
    digits.is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_number_makes_a_sibling() {
        let is = |other: &str| is_of_process(OsStr::new(other), OsStr::new("r.json"));
        assert!(is("r.json.4711"));
        for other in ["r.json", "r.json.", "r.json.1a", "xr.json.1", "r.json.1.bak"] {
            assert!(!is(other), "{other}");
        }
    }
}
