//! `heapwarden lib`: where the preload library is, for those who set LD_PRELOAD themselves.

use crate::failure::Failure;
use crate::{library, output};
use std::os::unix::ffi::OsStrExt;

#[derive(clap::Args)]
pub struct Arguments {}

impl Arguments {
    pub fn perform(self) -> Result<(), Failure> {
        let mut line = library::installed()?.as_os_str().as_bytes().to_vec();
        line.push(b'\n');
        output::print(&line)
    }
}
