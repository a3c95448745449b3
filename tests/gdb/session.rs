//! One run of gdb: up to a breakpoint, then `hw` commands in the process and in its core file.

use crate::support::{Outcome, Run, Scratch, installed};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Stands between the answers in gdb's output.
const MARK: &str = "@@@@";

/// Where and how a program is stopped and looked at.
pub struct Session<'a> {
    pub program: &'a Path,
    pub profile: &'a str,
    /// What gdb does to get there, `run` included.
    pub way: &'a [&'a str],
}

/// What the commands answered in the process, and in its core file.
pub struct Answers {
    pub live: Vec<String>,
    pub core: Vec<String>,
}

impl Session<'_> {
    /// The answers to `commands`; `None` without gdb.
    pub fn ask(&self, commands: &[&str]) -> Option<Answers> {
        let folder = Scratch::new();
        let core = folder.path().join("core").display().to_string();
        let last = [format!("generate-core-file {core}"), "kill".to_owned()];
        let live = self.ask_in_process(commands, &folder, &last)?;
        let outcome = self.gdb(&questions(commands, folder.path()), &[&core]);
        Some(Answers { live, core: answers(&outcome, commands.len()) })
    }

    /// The same without a core file.
    pub fn ask_live(&self, commands: &[&str]) -> Option<Vec<String>> {
        self.ask_in_process(commands, &Scratch::new(), &[])
    }

    fn ask_in_process(
        &self,
        commands: &[&str],
        folder: &Scratch,
        last: &[String],
    ) -> Option<Vec<String>> {
        if !installed(&["gdb"]) {
            return None;
        }
        let library = path_of("lib", folder.path()).display().to_string();
        let mut all = vec![
            format!("set environment LD_PRELOAD={library}"),
            format!("set environment HEAPWARDEN_OPTIONS=profile={}:leaks=off", self.profile),
            "set environment HEAPWARDEN_TEST_EXPECTED=1".to_owned(),
        ];
        all.extend(self.way.iter().map(|command| (*command).to_owned()));
        all.extend(questions(commands, folder.path()));
        all.extend_from_slice(last);
        Some(answers(&self.gdb(&all, &[]), commands.len()))
    }

    fn gdb(&self, commands: &[String], files: &[&str]) -> Outcome {
        let mut run = Run::of("gdb").args(["-nx", "-batch"]);
        let quiet = ["pagination off", "confirm off", "startup-with-shell off", "width 0"];
        let settings = quiet.map(|setting| format!("set {setting}"));
        for command in settings.iter().chain(commands) {
            run = run.arg("-ex").arg(command);
        }
        run.arg(self.program).args(files).on_libc()
    }
}

/// Commands that load the script and put a mark before each answer and behind the last.
fn questions(commands: &[&str], folder: &Path) -> Vec<String> {
    let mark = format!("echo {MARK}\\n");
    let mut all = vec![format!("source {}", path_of("gdb", folder).display())];
    for command in commands {
        all.extend([mark.clone(), (*command).to_owned()]);
    }
    all.push(mark);
    all
}

fn answers(outcome: &Outcome, count: usize) -> Vec<String> {
    let parts: Vec<&str> = outcome.stdout.split(&format!("{MARK}\n")).collect();
    assert_eq!(parts.len(), count + 2, "{outcome:?}");
    assert!(!outcome.stderr.contains("Traceback"), "{outcome:?}");
    parts[1..=count].iter().map(|part| (*part).to_owned()).collect()
}

/// What `heapwarden lib` or `heapwarden gdb` prints, with the file in a folder of this test.
fn path_of(command: &str, folder: &Path) -> PathBuf {
    let mut heapwarden = Command::new(env!("CARGO_BIN_EXE_heapwarden"));
    let output = heapwarden.arg(command).env("XDG_CACHE_HOME", folder).output();
    let output = output.expect("heapwarden starts");
    assert!(output.status.success(), "{output:?}");
    PathBuf::from(String::from_utf8(output.stdout).expect("a path").trim_end())
}
