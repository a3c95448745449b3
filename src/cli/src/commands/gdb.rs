//! `heapwarden gdb`: where the script for gdb is, for `gdb -x` and `source`.

use crate::failure::Failure;
use crate::{output, script};
use std::os::unix::ffi::OsStrExt;

#[derive(clap::Args)]
pub struct Arguments {}

impl Arguments {
    pub fn perform(self) -> Result<(), Failure> {
        let mut line = script::installed()?.as_os_str().as_bytes().to_vec();
        line.push(b'\n');
        output::print(&line)
    }
}
