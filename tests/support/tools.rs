//! Which programs this machine has.

use std::env;
use std::path::PathBuf;

/// Where `tool` is in the search path.
pub fn find(tool: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(tool)).find(|file| file.is_file())
}

/// Whether all `tools` are there; names the first missing one on stderr, for the test to return.
pub fn installed(tools: &[&str]) -> bool {
    for tool in tools {
        if find(tool).is_none() {
            eprintln!("skipped: {tool} not installed");
            return false;
        }
    }
    true
}
