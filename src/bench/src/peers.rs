//! The allocators to compare: which are here, which versions, and proof that each really serves malloc.
//!
//! A library that cannot be preloaded is only worth a warning to the dynamic linker, and the program
//! then quietly runs on glibc. So every allocator is tried first: a child reports which file its
//! `malloc` comes from, and an allocator whose library does not answer is left out with a note.
//! glibc is "preloaded" too: some programs (Debian's redis-server) link an allocator of their own,
//! which only a library in front of it replaces.

use std::ffi::{CStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::Result;
use crate::command_line::AllocatorChoice;
use crate::machine;

/// Name of the allocator that all ratios refer to.
pub const BASELINE: &str = "glibc";

/// Name of Heapwarden's plain profile in the tables.
pub const HEAPWARDEN: &str = "heapwarden";

/// One allocator, ready to be put under a program.
#[derive(Clone, Debug)]
pub struct Allocator {
    /// Short name, a column of the tables.
    pub name: String,
    /// What exactly it is.
    pub version: String,
    /// The library that is preloaded.
    pub library: PathBuf,
    /// HEAPWARDEN_OPTIONS, empty for the others.
    pub options: String,
}

impl Allocator {
    /// The variables that put this allocator under a program.
    pub fn environment(&self) -> Vec<OsString> {
        let mut preload = OsString::from("LD_PRELOAD=");
        preload.push(&self.library);
        let mut environment = vec![preload];
        if !self.options.is_empty() {
            environment.push(format!("HEAPWARDEN_OPTIONS={}", self.options).into());
        }
        environment
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
    candidates.extend(debian_peers());
    for entry in &choice.libraries {
        let (name, path) =
            entry.split_once('=').ok_or_else(|| format!("--lib wants NAME=PATH, not {entry}"))?;
        candidates.push(other(name, PathBuf::from(path)));
    }
    let unwanted = |name: &str| choice.without.iter().any(|part| name.contains(part.as_str()));
    candidates.retain(|candidate| candidate.name == BASELINE || !unwanted(&candidate.name));
    candidates.retain(|candidate| match prove(candidate) {
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
    let library = file_of_symbol(c"gnu_get_libc_version").ok_or("this is not a glibc system")?;
    let version = format!("glibc {}", machine::glibc_version());
    Ok(Allocator {
        name: BASELINE.to_owned(),
        version,
        library: library.into(),
        options: String::new(),
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
    };
    profiles.iter().map(make).collect()
}

/// The preload library: the one named, or the one next to this executable, which `cargo run` first
/// brings up to date.
pub fn heapwarden_library(choice: &AllocatorChoice) -> std::result::Result<PathBuf, String> {
    if let Some(path) = &choice.heapwarden {
        return path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
    }
    let executable = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = executable.parent().unwrap_or(Path::new("."));
    if let Some(cargo) = std::env::var_os("CARGO") {
        build_preload_library(&cargo, folder)?;
    }
    let library = folder.join("libheapwarden_preload.so");
    library.canonicalize().map_err(|_| {
        format!("no {}: run `cargo build --release -p heapwarden-preload`", library.display())
    })
}

fn build_preload_library(cargo: &OsString, folder: &Path) -> std::result::Result<(), String> {
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "-p", "heapwarden-preload"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    if let Some(target) = folder.parent() {
        build.arg("--target-dir").arg(target);
    }
    match build.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("building the preload library: {status}")),
        Err(error) => Err(format!("building the preload library: {error}")),
    }
}

fn debian_peers() -> Vec<Allocator> {
    let named = [
        ("jemalloc", "libjemalloc.so.2"),
        ("mimalloc", "libmimalloc.so.2"),
        ("mimalloc3", "libmimalloc.so.3"),
        ("tcmalloc", "libtcmalloc_minimal.so.4"),
        ("tcmalloc-debug", "libtcmalloc_minimal_debug.so.4"),
    ];
    let mut found: Vec<Allocator> = named
        .iter()
        .filter_map(|(name, file)| Some(other(name, machine::find_library(file)?)))
        .collect();
    found.extend(machine::find_scudo().map(|path| other("scudo", path)));
    found
}

fn other(name: &str, library: PathBuf) -> Allocator {
    let version = machine::package_of(&library).unwrap_or_else(|| library.display().to_string());
    Allocator { name: name.to_owned(), version, library, options: String::new() }
}

/// Starts a child under the allocator and asks where its malloc comes from.
fn prove(allocator: &Allocator) -> Result<()> {
    let executable = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(executable);
    child.arg("provider").env("LD_PRELOAD", &allocator.library).env_remove("LD_LIBRARY_PATH");
    if !allocator.options.is_empty() {
        child.env("HEAPWARDEN_OPTIONS", &allocator.options);
    }
    let output = child.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("a trivial program under it ended with {}", output.status));
    }
    let answer = String::from_utf8_lossy(&output.stdout);
    let canonical = |path: &Path| path.canonicalize().map_err(|error| error.to_string());
    let provider = canonical(Path::new(answer.trim()))?;
    if provider == canonical(&allocator.library)? {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("malloc comes from {}; {}", provider.display(), complaint.trim()))
}

/// The file that serves malloc in this process.
pub fn malloc_provider() -> Option<String> {
    file_of_symbol(c"malloc")
}

fn file_of_symbol(name: &CStr) -> Option<String> {
    // SAFETY: the name is a C string; the default search order is what the program itself uses.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    // SAFETY: Dl_info is plain pointers, for which null is a value.
    let mut found: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: dladdr takes any address and fills the struct only when it returns non-zero.
    if address.is_null() || unsafe { libc::dladdr(address, &mut found) } == 0 {
        return None;
    }
    // SAFETY: dladdr succeeded, so the name is a C string owned by the dynamic linker.
    let file = unsafe { CStr::from_ptr(found.dli_fname) };
    Some(file.to_string_lossy().into_owned())
}
