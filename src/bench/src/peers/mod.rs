//! The allocators to compare: which are here, which versions, and proof that each really serves malloc.
//!
//! A library that cannot be preloaded is only worth a warning to the dynamic linker, and the program
//! then quietly runs on glibc. So every allocator is tried first: a child reports which file its
//! `malloc` comes from, and an allocator whose library does not answer is left out with a note.
//! glibc is "preloaded" too: some programs (Debian's redis-server) link an allocator of their own,
//! which only a library in front of it replaces.
//!
//! Tools that wrap a program (Memcheck) and libraries that watch malloc (heaptrack) are columns too.
//! What takes many times as long is marked: it runs each job once, or the short ones only.
//! A sanitizer, which has to be compiled in, runs the own workloads only.

mod build;
mod installed;
mod prove;
mod recompiled;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::Result;
use crate::command_line::AllocatorChoice;
use crate::machine;

pub use build::heapwarden_library;
pub use prove::malloc_provider;

/// Name of the allocator that all ratios refer to.
pub const BASELINE: &str = "glibc";

/// Name of Heapwarden's plain profile in the tables.
pub const HEAPWARDEN: &str = "heapwarden";

/// One allocator, ready to be put under a program.
#[derive(Clone, Debug, Default)]
pub struct Allocator {
    /// Short name, a column of the tables.
    pub name: String,
    /// What exactly it is.
    pub version: String,
    /// The library that is preloaded.
    pub library: PathBuf,
    /// This executable as a sanitizer's compiler builds it, which runs the own workloads instead.
    pub recompiled: Option<PathBuf>,
    /// HEAPWARDEN_OPTIONS, empty for the others.
    pub options: String,
    /// KEY=VALUE: what else it needs in the environment.
    pub environment: Vec<OsString>,
    /// The words before the program's own command line; empty for all but wrapping tools.
    pub wrapper: Vec<OsString>,
    /// Whether it takes so long that it runs every job once only.
    pub slow: bool,
    /// Whether it takes so long that it runs the short jobs only.
    pub short_only: bool,
}

impl Allocator {
    /// A library that is preloaded.
    fn library(name: &str, library: PathBuf) -> Allocator {
        let file = || Some(library.file_name()?.to_string_lossy().into_owned());
        let version = machine::package_of(&library).or_else(file).unwrap_or_default();
        Allocator { name: name.to_owned(), version, library, ..Allocator::default() }
    }

    /// The variables that put this allocator under a program.
    pub fn environment(&self) -> Vec<OsString> {
        let mut preload = OsString::from("LD_PRELOAD=");
        if self.recompiled.is_none() {
            preload.push(&self.library);
        }
        let mut environment = vec![preload];
        if !self.options.is_empty() {
            environment.push(format!("HEAPWARDEN_OPTIONS={}", self.options).into());
        }
        environment.extend(self.environment.iter().cloned());
        environment
    }

    /// The command line that runs `command` under it.
    pub fn command(&self, command: &[OsString]) -> Vec<OsString> {
        [self.wrapper.as_slice(), command].concat()
    }
}

/// Options of `allocators`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    choice: AllocatorChoice,
}

/// Lists what `compare` would use.
pub fn run_command(arguments: &Arguments) -> Result<ExitCode> {
    let (allocators, notes) = discover(&arguments.choice)?;
    for allocator in allocators {
        println!("{:<18} {} ({})", allocator.name, allocator.version, allocator.library.display());
    }
    notes.iter().for_each(|note| eprintln!("note: {note}"));
    Ok(ExitCode::SUCCESS)
}

/// Finds the allocators, glibc first, then Heapwarden; the notes say what was left out and why.
pub fn discover(choice: &AllocatorChoice) -> Result<(Vec<Allocator>, Vec<String>)> {
    let mut notes = Vec::new();
    let mut candidates = vec![glibc()?];
    match heapwarden_library(choice) {
        Ok(library) => candidates.extend(heapwarden(&library, &choice.profiles)),
        Err(note) => notes.push(note),
    }
    candidates.extend(installed::all());
    candidates.extend(choice.asan.as_deref().map(recompiled::address_sanitizer));
    for entry in &choice.libraries {
        let (name, path) =
            entry.split_once('=').ok_or_else(|| format!("--lib wants NAME=PATH, not {entry}"))?;
        candidates.push(Allocator::library(name, PathBuf::from(path)));
    }
    candidates.sort_by_key(|candidate| candidate.short_only);
    let unwanted = |name: &str| choice.without.iter().any(|part| name.contains(part.as_str()));
    candidates.retain(|candidate| candidate.name == BASELINE || !unwanted(&candidate.name));
    candidates.retain(|candidate| match prove::prove(candidate) {
        Ok(()) => true,
        Err(note) => {
            notes.push(format!("{} left out: {note}", candidate.name));
            false
        }
    });
    Ok((candidates, notes))
}

/// glibc alone.
pub fn glibc() -> Result<Allocator> {
    let library =
        prove::file_of_symbol(c"gnu_get_libc_version").ok_or("this is not a glibc system")?;
    let version = format!("glibc {}", machine::glibc_version());
    Ok(Allocator {
        name: BASELINE.to_owned(),
        version,
        library: library.into(),
        ..Allocator::default()
    })
}

/// Heapwarden under each profile; `plain` when none is named.
pub fn heapwarden(library: &Path, profiles: &[String]) -> Vec<Allocator> {
    let plain = ["plain".to_owned()];
    let profiles = if profiles.is_empty() { &plain } else { profiles };
    let make = |profile: &String| Allocator {
        name: match profile.as_str() {
            "plain" => HEAPWARDEN.to_owned(),
            _ => format!("{HEAPWARDEN} {profile}"),
        },
        version: format!("Heapwarden {}, profile {profile}", env!("CARGO_PKG_VERSION")),
        library: library.to_path_buf(),
        options: format!("profile={profile}"),
        slow: profile == "debug",
        ..Allocator::default()
    };
    profiles.iter().map(make).collect()
}
