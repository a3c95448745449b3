//! A folder of our own for what the runs write: reports, logs, the program's input.

use crate::failure::Failure;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The folder; removed with all that is in it.
pub struct Folder(PathBuf);

impl Folder {
    /// A new one that nobody else can look into.
    pub fn new() -> Result<Folder, Failure> {
        let base = std::env::temp_dir();
        for attempt in 0..100 {
            let path = base.join(format!("heapwarden-pinpoint-{}.{attempt}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Folder(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(Failure::own(format!("cannot make {}: {error}", path.display())));
                }
            }
        }
        Err(Failure::own(format!("found no free name in {}", base.display())))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder for the report files of a run, which is made now.
    pub fn of_round(&self, round: u32) -> Result<PathBuf, Failure> {
        let path = self.0.join(round.to_string());
        fs::create_dir(&path)
            .map_err(|error| Failure::own(format!("cannot make {}: {error}", path.display())))?;
        Ok(path)
    }

    /// The file for the text that a run reports.
    pub fn log(&self, round: u32) -> PathBuf {
        self.0.join(format!("{round}.log"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What an orphan of the program holds open there goes with its last descriptor.
        let _ = fs::remove_dir_all(&self.0);
    }
}
