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
        if !installed(&["gdb"]) {
            return None;
        }
        let folder = Scratch::new();
        let core = folder.path().join("core").display().to_string();
        let library = path_of("lib", folder.path()).display().to_string();
        let options = format!("profile={}:leaks=off", self.profile);
        let mut live = vec![
            format!("set environment LD_PRELOAD={library}"),
            format!("set environment HEAPWARDEN_OPTIONS={options}"),
            "set environment HEAPWARDEN_TEST_EXPECTED=1".to_owned(),
        ];
        live.extend(self.way.iter().map(|command| (*command).to_owned()));
        let source = format!("source {}", path_of("gdb", folder.path()).display());
        let questions: Vec<String> = std::iter::once(source)
            .chain(
                commands
                    .iter()
                    .flat_map(|command| [format!("echo {MARK}\\n"), (*command).to_owned()]),
            )
            .chain([format!("echo {MARK}\\n")])
            .collect();
        live.extend(questions.clone());
        live.extend([format!("generate-core-file {core}"), "kill".to_owned()]);
        let live = answers(&self.gdb(&live, &[]), commands.len());
        let core = answers(&self.gdb(&questions, &[&core]), commands.len());
        Some(Answers { live, core })
    }

    fn gdb(&self, commands: &[String], files: &[&str]) -> Outcome {
        let mut run = Run::of("gdb").args(["-nx", "-batch", "-return-child-result"]);
        let quiet = ["pagination off", "confirm off", "startup-with-shell off", "width 0"];
        let settings = quiet.map(|setting| format!("set {setting}"));
        for command in settings.iter().chain(commands) {
            run = run.arg("-ex").arg(command);
        }
        run.arg(self.program).args(files).on_libc()
    }
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
