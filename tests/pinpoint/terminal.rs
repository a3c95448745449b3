//! In a terminal: its signals reach the program alone, and its input is asked for again.

use super::support::{Scratch, c_program, hear_the_user};
use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

/// A command in a terminal of its own.
struct Terminal {
    terminal: File,
    child: Child,
    /// All that it has shown.
    shown: String,
    /// How much of that was waited for.
    met: usize,
}

impl Terminal {
    fn of(program: impl AsRef<OsStr>, arguments: &[&str], folder: &Path) -> Terminal {
        let (terminal, name) = open_terminal();
        let mut command = Command::new(env!("CARGO_BIN_EXE_heapwarden"));
        command.args(["run", "--pinpoint", "-o", "leaks=off", "--"]).arg(program).args(arguments);
        let side = File::options().read(true).write(true).open(name).expect("the other side");
        let copy = || side.try_clone().expect("a descriptor");
        command.stdin(copy()).stdout(copy()).stderr(copy()).current_dir(folder);
        command.env_remove("LD_PRELOAD").env_remove("HEAPWARDEN_OPTIONS");
        // SAFETY: between fork and exec; system calls on values.
        unsafe {
            command.pre_exec(|| {
                hear_the_user();
                libc::setsid();
                match libc::ioctl(0, libc::TIOCSCTTY, 0) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            });
        }
        let child = command.spawn().expect("the command starts");
        Terminal { terminal, child, shown: String::new(), met: 0 }
    }

    /// Reads until it shows this.
    fn wait_for(&mut self, text: &str) {
        while !self.shown[self.met..].contains(text) {
            assert!(self.read(), "it ended before `{text}`: {}", self.shown);
        }
        let position = self.shown[self.met..].find(text).expect("just found");
        self.met += position + text.len();
    }

    /// False when nobody has the other side any more.
    fn read(&mut self) -> bool {
        const PATIENCE_MS: i32 = 120_000;
        let mut asked =
            libc::pollfd { fd: self.terminal.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one structure, which lives across the call.
        let count = unsafe { libc::poll(&mut asked, 1, PATIENCE_MS) };
        assert_eq!(count, 1, "it hangs: {}", self.shown);
        let mut bytes = [0; 4096];
        match self.terminal.read(&mut bytes) {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.shown += &String::from_utf8_lossy(&bytes[..count]);
                true
            }
        }
    }

    fn type_in(&mut self, text: &str) {
        self.terminal.write_all(text.as_bytes()).expect("a terminal that takes it");
    }

    fn end(mut self) -> (ExitStatus, String) {
        while self.read() {}
        (self.child.wait().expect("a status"), std::mem::take(&mut self.shown))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Over already, unless the test has failed.
        let _ = self.child.kill();
    }
}

fn open_terminal() -> (File, std::path::PathBuf) {
    let mut name = [0; 128];
    // SAFETY: the descriptor is checked before it is used; `name` holds 128 bytes and ends in NUL.
    unsafe {
        let number = libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC);
        assert!(number >= 0, "a terminal");
        let terminal = File::from(OwnedFd::from_raw_fd(number));
        assert_eq!(libc::grantpt(terminal.as_raw_fd()), 0);
        assert_eq!(libc::unlockpt(terminal.as_raw_fd()), 0);
        assert_eq!(libc::ptsname_r(terminal.as_raw_fd(), name.as_mut_ptr(), name.len()), 0);
        let name = CStr::from_ptr(name.as_ptr()).to_bytes();
        (terminal, Path::new(OsStr::from_bytes(name)).to_owned())
    }
}

#[test]
fn its_signals_reach_the_program_once() {
    for (script, key, code, signal) in [
        (
            "trap 'echo told; exit 5' INT; echo ready; while :; do sleep 0.01; done",
            "\x03",
            Some(5),
            None,
        ),
        ("echo ready; exec sleep 100", "\x03", None, Some(libc::SIGINT)),
        ("ulimit -c 0; echo ready; exec sleep 100", "\x1c", None, Some(libc::SIGQUIT)),
    ] {
        let scratch = Scratch::new();
        let mut talk = Terminal::of("sh", &["-c", script], scratch.path());
        talk.wait_for("ready\r\n");
        talk.type_in(key);
        let (status, shown) = talk.end();
        assert_eq!((status.code(), status.signal()), (code, signal), "{shown}");
        assert_eq!(shown.matches("told").count(), usize::from(code.is_some()), "{shown}");
    }
}

#[test]
fn its_input_is_asked_for_again() {
    let Some(program) = c_program("moods.c") else { return };
    let scratch = Scratch::new();
    let mut talk = Terminal::of(&program, &["input"], scratch.path());
    talk.type_in("one\ntwo\n\x04");
    talk.wait_for("run 2, to see who does it");
    talk.wait_for("give it the same input again");
    talk.type_in("one\ntwo\n\x04");
    talk.wait_for("PINPOINT: seen in run 2, ");
    talk.wait_for(" in overflow ");
    let (status, shown) = talk.end();
    assert_eq!(status.signal(), Some(libc::SIGABRT), "{shown}");
    // Both parts of the report are coloured, as those on a terminal are.
    assert!(
        shown.contains("\x1b[34mWRITE") && shown.matches("\x1b[34mWRITE").count() == 2,
        "{shown}"
    );
}
