//! The script for gdb: Python modules inside this binary, and files beside each other for gdb.

use crate::carried::{self, File};
use crate::failure::Failure;
use std::path::PathBuf;

/// The one that gdb is given; it imports the rest from its folder.
const MAIN: &str = "heapwarden.py";

macro_rules! files {
    ($($name:literal)*) => { [$(($name, include_bytes!(concat!("gdb/", $name)).as_slice())),*] };
}

static FILES: [File; 15] = files! {
    "heapwarden.py" "chunks.py" "commands.py" "graph.py" "heap.py" "layout.py" "leaks.py"
    "libc.py" "memory.py" "modules.py" "roots.py" "show.py" "stacks.py" "threads.py" "totals.py"
};

/// The path of the script on disk, written there if it is not.
pub fn installed() -> Result<PathBuf, Failure> {
    Ok(carried::installed("the script", &FILES, |_| Ok(()))?.join(MAIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_carried() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/gdb");
        let names = std::fs::read_dir(folder).expect("the folder").flatten();
        let mut names: Vec<_> =
            names.filter_map(|file| file.file_name().into_string().ok()).collect();
        names.retain(|name| name.ends_with(".py"));
        names.sort();
        let mut carried = FILES.map(|(name, _)| name);
        carried.sort();
        assert_eq!(names, carried);
    }
}
