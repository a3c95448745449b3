//! `heapwarden run`: becomes the program, with the library preloaded; with `--pinpoint` runs it as
//! often as that needs.

use crate::failure::Failure;
use crate::pinpoint::Pinpoint;
use crate::settings::{self, Settings};
use crate::{exec, library, program};
use heapwarden::options;
use heapwarden::report::FIRST_PROCESS;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,

    /// Write the report as JSON to this file; other processes than the first to FILE.PID
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// If damage is found whose write nobody saw, run the program again with guard pages where it
    /// happened, to name the write
    #[arg(long)]
    pinpoint: bool,

    /// The most runs with --pinpoint, the first one included
    #[arg(long, value_name = "N", default_value_t = 3, requires = "pinpoint",
          value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,

    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "PROGRAM")]
    command: Vec<OsString>,
}

impl Arguments {
    pub fn perform(self) -> Result<(), Failure> {
        let mut text = OsString::from(self.settings.text()?);
        let name = self.command.first().map(OsString::as_os_str).unwrap_or_default();
        let path = program::find(name)?;
        program::check(&path)?;
        if self.pinpoint {
            let (command, report) = (&self.command, self.report.as_deref());
            let rounds = self.rounds;
            return Pinpoint { path: &path, command, text: &text, report, rounds }.perform();
        }
        if let Some(file) = &self.report {
            text.push(if text.is_empty() { "" } else { ":" });
            text.push(path_option("report_path", file)?);
        }
        Launch { path: &path, command: &self.command, text: &text, is_first: self.report.is_some() }
            .perform()
    }
}

/// A program to become.
pub struct Launch<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What it is called with, its name first.
    pub command: &'a [OsString],
    /// The options from the command line.
    pub text: &'a OsStr,
    /// Whether it is the process that a report file belongs to.
    pub is_first: bool,
}

impl Launch<'_> {
    /// Becomes it, with the library preloaded; returns only if that failed.
    pub fn perform(&self) -> Result<(), Failure> {
        let environment = environment(self.text, self.is_first)?;
        Err(exec::exec(self.path, self.command, &environment))
    }
}

/// This process's environment, with the library and the options from the command line. `is_first`
/// says whether this process is the one that a report file belongs to.
pub fn environment(text: &OsStr, is_first: bool) -> Result<Vec<(OsString, OsString)>, Failure> {
    let options = settings::merged(text);
    let library = library::installed()?;
    let preload = preload(&library, std::env::var_os("LD_PRELOAD").as_deref());
    let mut ours =
        vec![(OsString::from("LD_PRELOAD"), preload), (options::VARIABLE.into(), options)];
    if is_first {
        // We become the program, so its process number is ours.
        ours.push((FIRST_PROCESS.into(), std::process::id().to_string().into()));
    }
    let is_ours = |name: &OsStr| ours.iter().any(|(our, _)| our == name);
    let mut environment: Vec<_> = std::env::vars_os().filter(|(name, _)| !is_ours(name)).collect();
    environment.extend(ours);
    Ok(environment)
}

/// A path as an option of the library. It is made absolute, since the library reads it in processes
/// that may be elsewhere, and what an option cannot hold is written as `%` and digits. Only `%p` stays
/// what it is.
pub fn path_option(name: &str, file: &Path) -> Result<OsString, Failure> {
    let path = std::path::absolute(file)
        .map_err(|error| Failure::usage(format!("{name}: {}: {error}", file.display())))?;
    let mut option = format!("{name}=").into_bytes();
    let bytes = path.as_os_str().as_bytes();
    for (position, &byte) in bytes.iter().enumerate() {
        let names_process = byte == b'%' && bytes.get(position + 1) == Some(&b'p');
        let is_special = byte.is_ascii_whitespace() || b":,%".contains(&byte);
        if is_special && !names_process {
            option.extend(format!("%{byte:02x}").bytes());
        } else {
            option.push(byte);
        }
    }
    Ok(OsString::from_vec(option))
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
    fn a_report_file_may_have_any_name() {
        let option = |path: &str| {
            path_option("report_path", Path::new(path)).map_err(|failure| failure.code)
        };
        assert_eq!(option("/a b/c:d,e"), Ok("report_path=/a%20b/c%3ad%2ce".into()));
        assert_eq!(option("/100%/%p"), Ok("report_path=/100%25/%p".into()));
        let here = std::env::current_dir().expect("a folder").join("r.json");
        let expected = format!("report_path={}", here.display());
        assert_eq!(option("r.json"), Ok(expected.into()));
        assert_eq!(option(""), Err(2));
    }

    #[test]
    fn other_preloaded_libraries_stay_behind_ours() {
        let library = Path::new("/c/libheapwarden.so");
        let list = |existing: &str| preload(library, Some(OsStr::new(existing)));
        assert_eq!(preload(library, None), "/c/libheapwarden.so");
        assert_eq!(list("/a.so /b.so:/c.so"), "/c/libheapwarden.so:/a.so:/b.so:/c.so");
        assert_eq!(list("/old/libheapwarden.so:/a.so"), "/c/libheapwarden.so:/a.so");
    }
}
