//! The `heapwarden` command from outside: what it runs, what it refuses, what it prints, and what
//! it leaves on disk. Each test runs the real binary with its own cache folder.

mod library;
mod printed;
mod refusals;
mod run;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that goes when the test is over, and the commands that use it as their cache.
struct Place {
    folder: PathBuf,
}

impl Place {
    fn new() -> Place {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("heapwarden-cli-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("a folder for the test");
        Place { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes an executable file. Through `cp`: a child that another test forks while we have the
    /// file open for writing would keep it so, and it could not be executed (ETXTBSY).
    fn executable(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        let draft = path.with_extension("draft");
        fs::write(&draft, content).expect("a file for the test");
        let copied = Command::new("cp").args([&draft, &path]).status().expect("cp starts");
        assert!(copied.success());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its permissions");
        path
    }

    /// `heapwarden ARGUMENTS`, with nothing of ours in the environment but the cache.
    fn heapwarden<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heapwarden"));
        command.args(arguments).env_remove("LD_PRELOAD").env_remove("HEAPWARDEN_OPTIONS");
        command.env("XDG_CACHE_HOME", self.path("cache"));
        command
    }

    /// `heapwarden run -p plain -- COMMAND`.
    fn run<A: AsRef<OsStr>>(&self, command: impl IntoIterator<Item = A>) -> Command {
        let mut heapwarden = self.heapwarden(["run", "-p", "plain", "--"]);
        heapwarden.args(command);
        heapwarden
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn output(command: &mut Command) -> Output {
    command.output().expect("heapwarden starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a command prints that must succeed.
fn printed(command: &mut Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{command:?}: {output:?}");
    text(&output.stdout)
}

/// The sentence of a command that must fail with `code` and print nothing.
fn refused(command: &mut Command, code: i32) -> String {
    let output = output(command);
    assert_eq!(output.status.code(), Some(code), "{command:?}: {output:?}");
    assert_eq!(text(&output.stdout), "");
    let sentence = text(&output.stderr);
    assert!(sentence.starts_with("heapwarden: ") && sentence.lines().count() == 1, "{sentence}");
    sentence
}

fn project_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}
