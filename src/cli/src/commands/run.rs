//! `heapwarden run`: becomes the program, with the library preloaded.

use crate::failure::Failure;
use crate::settings::{self, Settings};
use crate::{exec, library, program};
use heapwarden::options;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,

    /// Write the report as JSON to this file (not available yet)
    #[arg(long, value_name = "FILE")]
    report: Option<String>,

    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "PROGRAM")]
    command: Vec<OsString>,
}

impl Arguments {
    pub fn perform(self) -> Result<(), Failure> {
        if self.report.is_some() && options::find(b"report_path").is_none() {
            return Err(Failure::usage("--report: this version does not write reports yet"));
        }
        let options = settings::merged(&self.settings.text()?);
        let name = self.command.first().map(OsString::as_os_str).unwrap_or_default();
        let path = program::find(name)?;
        program::check(&path)?;
        let library = library::installed()?;
        if let Some(notice) = settings::unbuilt_notice(settings::profile(&options)) {
            eprintln!("heapwarden: {notice}");
        }
        let preload = preload(&library, std::env::var_os("LD_PRELOAD").as_deref());
        let ours = [(OsString::from("LD_PRELOAD"), preload), (options::VARIABLE.into(), options)];
        let is_ours = |name: &OsStr| ours.iter().any(|(our, _)| our == name);
        let mut environment: Vec<_> =
            std::env::vars_os().filter(|(name, _)| !is_ours(name)).collect();
        environment.extend(ours);
        Err(exec::exec(&path, &self.command, &environment))
    }
}

/// Our library, then what was preloaded before, less what an outer `heapwarden run` put there.
fn preload(library: &Path, existing: Option<&OsStr>) -> OsString {
    let others = existing.unwrap_or_default().as_bytes().split(|byte| b" :".contains(byte));
    let mut list = library.as_os_str().as_bytes().to_vec();
    for other in others.filter(|other| !other.is_empty() && !is_heapwarden(other)) {
        list.push(b':');
        list.extend_from_slice(other);
    }
    OsString::from_vec(list)
}

fn is_heapwarden(path: &[u8]) -> bool {
    Path::new(OsStr::from_bytes(path)).file_name() == Some(OsStr::new(library::FILE_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_preloaded_libraries_stay_behind_ours() {
        let library = Path::new("/c/libheapwarden.so");
        let list = |existing: &str| preload(library, Some(OsStr::new(existing)));
        assert_eq!(preload(library, None), "/c/libheapwarden.so");
        assert_eq!(list("/a.so /b.so:/c.so"), "/c/libheapwarden.so:/a.so:/b.so:/c.so");
        assert_eq!(list("/old/libheapwarden.so:/a.so"), "/c/libheapwarden.so:/a.so");
    }
}
