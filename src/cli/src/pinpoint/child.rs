//! One process of the program: started, waited for, and how it ended.
//!
//! Not `std::process::Command`, for the reason that `exec` gives. There is one thread when it forks.

use super::signals::{Signals, Waited};
use crate::exec;
use crate::failure::Failure;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

/// What is to be started.
pub struct Start<'a> {
    pub path: &'a Path,
    pub command: &'a [OsString],
    pub environment: &'a [(OsString, OsString)],
    /// Its standard input, unless that is ours.
    pub stdin: Option<&'a OwnedFd>,
    /// Where its output goes, unless that is where ours goes. Then it leaves no core dump either.
    pub silent: Option<&'a File>,
}

impl Start<'_> {
    /// Starts it.
    pub fn spawn(&self, signals: &Signals) -> Result<Child, Failure> {
        let parent = std::process::id();
        // SAFETY: this process has one thread now, so the child may do whatever it could.
        match unsafe { libc::fork() } {
            -1 => {
                let error = std::io::Error::last_os_error();
                Err(Failure::own(format!("cannot start a process: {error}")))
            }
            0 => self.become_it(signals, parent),
            number => Ok(Child(number)),
        }
    }

    /// In the child.
    fn become_it(&self, signals: &Signals, parent: u32) -> ! {
        // SAFETY: plain system calls on values and open descriptors.
        unsafe {
            // It must not outlive the process that its caller believes to be it.
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            if libc::getppid() as u32 != parent {
                libc::_exit(125);
            }
            if let Some(stdin) = self.stdin {
                libc::dup2(stdin.as_raw_fd(), 0);
            }
            if let Some(nowhere) = self.silent {
                libc::dup2(nowhere.as_raw_fd(), 1);
                libc::dup2(nowhere.as_raw_fd(), 2);
                leave_no_core();
            }
        }
        signals.restore();
        let failure = exec::exec(self.path, self.command, self.environment);
        eprintln!("heapwarden: {}", failure.sentence);
        // SAFETY: ends the process, without what the parent registered for its own end.
        unsafe { libc::_exit(i32::from(failure.code)) }
    }
}

/// No core dump of this process: 1 and not 0, which a program that receives core dumps is not told of.
fn leave_no_core() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` lives across the calls.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_CORE, &mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max.min(1);
            libc::setrlimit(libc::RLIMIT_CORE, &limit);
        }
    }
}

/// A started process.
pub struct Child(libc::pid_t);

impl Child {
    /// Its number.
    pub fn number(&self) -> u32 {
        self.0 as u32
    }

    /// How it ended; `None` if that took too long and it was killed.
    pub fn wait(self, signals: &Signals, limit: Option<Duration>) -> Option<End> {
        match signals.wait(self.0, limit) {
            Waited::Ended(status) if libc::WIFSIGNALED(status) => {
                Some(End::Killed(libc::WTERMSIG(status)))
            }
            Waited::Ended(status) => Some(End::Exited(libc::WEXITSTATUS(status))),
            Waited::TooLong => {
                // SAFETY: it has not been waited for, so the number is still its.
                unsafe { libc::kill(self.0, libc::SIGKILL) };
                signals.wait(self.0, None);
                None
            }
        }
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With this status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

impl End {
    /// The signal that ended it, if one did.
    pub fn signal(self) -> Option<i32> {
        match self {
            End::Exited(_) => None,
            End::Killed(signal) => Some(signal),
        }
    }

    /// The same, if it is one that users send to end a program.
    pub fn users_signal(self) -> Option<i32> {
        let ends = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGKILL];
        self.signal().filter(|signal| ends.contains(signal))
    }

    /// Ends this process in the same way.
    pub fn repeat(self, signals: Signals) -> ! {
        let signal = match self {
            End::Exited(status) => std::process::exit(status),
            End::Killed(signal) => signal,
        };
        // The program has left its core dump, if there is to be one.
        leave_no_core();
        // SAFETY: SIG_DFL is a valid disposition; the set is initialised before it is used.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            signals.restore();
            let mut alone = std::mem::zeroed();
            libc::sigemptyset(&mut alone);
            libc::sigaddset(&mut alone, signal);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &alone, std::ptr::null_mut());
            libc::raise(signal);
        }
        // A shell's way to say it.
        std::process::exit(128 + signal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, limit: Option<Duration>) -> Option<End> {
        let command = ["sh", "-c", script].map(OsString::from);
        let path = Path::new("/bin/sh");
        let start = Start { path, command: &command, environment: &[], stdin: None, silent: None };
        let signals = Signals::block();
        let end = start.spawn(&signals).expect("a process").wait(&signals, limit);
        signals.restore();
        end
    }

    #[test]
    fn an_end_is_told_as_it_was() {
        assert_eq!(run("exit 3", None), Some(End::Exited(3)));
        assert_eq!(run("kill -9 $$", Some(Duration::from_secs(100))), Some(End::Killed(9)));
        assert_eq!(End::Killed(libc::SIGTERM).users_signal(), Some(libc::SIGTERM));
        assert_eq!(End::Killed(libc::SIGABRT).users_signal(), None);
    }

    #[test]
    fn what_takes_too_long_is_ended() {
        assert_eq!(run("while :; do :; done", Some(Duration::from_millis(50))), None);
    }
}
