//! Runs one child process: a clean environment, captured output, a hard time limit.
//!
//! The child gets a session of its own, so everything it starts can be found and killed, and dies
//! with the test. Output goes to files: a grandchild that keeps a pipe open cannot stall us.

use super::hang;
use super::scratch::Scratch;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// What a child reads.
#[derive(Clone)]
enum Input {
    Nothing,
    Pipe(String),
    File(PathBuf),
}

impl Input {
    fn open(&self) -> Stdio {
        match self {
            Input::Nothing => Stdio::null(),
            Input::File(path) => File::open(path).expect("a file to read").into(),
            Input::Pipe(text) => {
                let (reader, mut writer) = std::io::pipe().expect("a pipe");
                writer.write_all(text.as_bytes()).expect("it fits into a pipe");
                reader.into()
            }
        }
    }
}

/// What is to be run; [`Run::on_libc`] and [`Run::on`] run it.
#[derive(Clone)]
pub struct Run {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    options: Vec<String>,
    flags: Vec<OsString>,
    input: Input,
    looks_for_leaks: bool,
    folder: Option<PathBuf>,
    limits: Vec<(libc::__rlimit_resource_t, u64)>,
    seconds: u64,
}

impl Run {
    pub fn of(program: impl AsRef<OsStr>) -> Run {
        Run {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            options: Vec::new(),
            flags: Vec::new(),
            input: Input::Nothing,
            looks_for_leaks: false,
            folder: None,
            limits: Vec::new(),
            seconds: 120,
        }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Run {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Run {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Run {
        self.env.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// A Heapwarden option, `key=value`.
    pub fn option(mut self, option: &str) -> Run {
        self.options.push(option.to_owned());
        self
    }

    /// An argument of `heapwarden run` itself.
    pub fn flag(mut self, flag: impl AsRef<OsStr>) -> Run {
        self.flags.push(flag.as_ref().to_owned());
        self
    }

    /// What the child reads from a pipe: as much as a pipe holds at most.
    pub fn reading(mut self, text: &str) -> Run {
        self.input = Input::Pipe(text.to_owned());
        self
    }

    /// The file that is the child's standard input.
    pub fn reading_file(mut self, path: &Path) -> Run {
        self.input = Input::File(path.to_owned());
        self
    }

    /// With the profile's own answer to whether leaks are looked for. Otherwise they are not: many a
    /// test program leaves its blocks to the end of the process, and so do real ones.
    pub fn looking_for_leaks(mut self) -> Run {
        self.looks_for_leaks = true;
        self
    }

    pub fn folder(mut self, folder: &Path) -> Run {
        self.folder = Some(folder.to_owned());
        self
    }

    /// A resource limit, soft and hard, set before anything is executed.
    pub fn limit(mut self, resource: libc::__rlimit_resource_t, value: u64) -> Run {
        self.limits.push((resource, value));
        self
    }

    /// The time limit; what needs longer counts as hung. Generous: it decides nothing else.
    pub fn seconds(mut self, seconds: u64) -> Run {
        self.seconds = seconds;
        self
    }

    /// Runs it as it is, on libc's heap.
    pub fn on_libc(&self) -> Outcome {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        self.finish(command, "libc")
    }

    /// Runs it under `heapwarden run -p PROFILE`.
    pub fn on(&self, profile: &str) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heapwarden"));
        self.on_heapwarden(&mut command, profile);
        self.finish(command, profile)
    }

    /// Runs it under `wrapper... heapwarden run -p PROFILE`: a tracer, a shell that sets limits.
    pub fn on_within(&self, wrapper: &[&OsStr], profile: &str) -> Outcome {
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(env!("CARGO_BIN_EXE_heapwarden"));
        self.on_heapwarden(&mut command, profile);
        self.finish(command, profile)
    }

    fn on_heapwarden(&self, command: &mut Command, profile: &str) {
        command.args(["run", "-p", profile]);
        if !self.looks_for_leaks {
            command.args(["-o", "leaks=off"]);
        }
        for option in &self.options {
            command.args(["-o", option]);
        }
        command.args(&self.flags).arg("--").arg(&self.program).args(&self.args);
        // `programs/check.h` then insists that malloc is Heapwarden's.
        command.env("HEAPWARDEN_TEST_EXPECTED", "1");
    }

    fn finish(&self, mut command: Command, heap: &str) -> Outcome {
        let what = format!("[{heap}] {command:?}");
        let scratch = Scratch::new();
        let (stdout, stderr) = (scratch.path().join("stdout"), scratch.path().join("stderr"));
        command
            .stdin(self.input.open())
            .stdout(File::create(&stdout).expect("a file for stdout"))
            .stderr(File::create(&stderr).expect("a file for stderr"));
        for name in ["LD_PRELOAD", "HEAPWARDEN_OPTIONS", "DEBUGINFOD_URLS", "MALLOC_ARENA_MAX"] {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").env("TZ", "UTC");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let limits = self.limits.clone();
        // SAFETY: the closure runs between fork and exec and calls only functions that are
        // async-signal-safe; it reads `limits`, which was allocated before.
        unsafe { command.pre_exec(move || prepare_child(&limits)) };

        let child = command.spawn().unwrap_or_else(|e| panic!("{what}: {e}"));
        let status = wait(child, self.seconds, &what, &stdout, &stderr);
        let text = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        Outcome { what, status, stdout: text(&stdout), stderr: text(&stderr) }
    }
}

/// The signals that a user sends mean what they mean to a program that is started in a terminal, though
/// these tests may run in the background or under `nohup`, where they are ignored, as no shell can
/// change for its script. Safe between fork and exec.
pub fn hear_the_user() {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
        // SAFETY: SIG_DFL is a valid disposition of every signal here.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// A session of its own, death with the test that started it, and the limits.
fn prepare_child(limits: &[(libc::__rlimit_resource_t, u64)]) -> std::io::Result<()> {
    hear_the_user();
    // SAFETY: plain system calls on values and on a structure that lives across the call.
    unsafe {
        libc::setsid();
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        for &(resource, value) in limits {
            let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
            if libc::setrlimit(resource, &limit) != 0 {
                return Err(std::io::Error::last_os_error());
            }
        }
    }
    Ok(())
}

/// Waits for the child and for everything it started; panics, with stacks, when that takes too long.
fn wait(mut child: Child, seconds: u64, what: &str, stdout: &Path, stderr: &Path) -> ExitStatus {
    let session = child.id();
    let (sender, receiver) = mpsc::channel();
    let waiter = thread::spawn(move || sender.send(child.wait()));
    let complaint = match receiver.recv_timeout(Duration::from_secs(seconds)) {
        Ok(status) if hang::has_ended(session, Duration::from_secs(10)) => {
            waiter.join().expect("the waiting thread").expect("the receiver is alive");
            return status.expect("the child can be waited for");
        }
        Ok(_) => "ended and left processes behind".to_string(),
        Err(RecvTimeoutError::Timeout) => format!("still running after {seconds} s"),
        Err(RecvTimeoutError::Disconnected) => unreachable!("the waiting thread always sends"),
    };
    let stacks = hang::describe(session);
    hang::kill(session);
    let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let (stdout, stderr) = (text(stdout), text(stderr));
    panic!("{what}\n{complaint}\nstdout: {stdout}\nstderr: {stderr}\n{stacks}");
}

/// How a child process ended and what it said.
pub struct Outcome {
    /// The command line, for messages.
    pub what: String,
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Status 0, silent on stderr, `ok` as the last line of stdout.
    pub fn is_ok(&self) -> &Outcome {
        assert_eq!(self.status.code(), Some(0), "{self:?}");
        assert_eq!(self.stderr, "", "{self:?}");
        assert!(self.stdout.ends_with("ok\n"), "{self:?}");
        self
    }

    /// Ended by itself with `code`.
    pub fn exited(&self, code: i32) -> &Outcome {
        assert_eq!(self.status.code(), Some(code), "{self:?}");
        self
    }

    /// Killed by `signal`.
    pub fn killed_by(&self, signal: i32) -> &Outcome {
        assert_eq!(self.status.signal(), Some(signal), "{self:?}");
        self
    }
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Outcome { what, status, stdout, stderr } = self;
        writeln!(f, "{what}\n{status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---")
    }
}
