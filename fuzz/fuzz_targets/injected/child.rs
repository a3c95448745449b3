//! A child that does something, what it wrote, and how it ended.

use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// How a child ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    Status(i32),
    Signal(i32),
}

/// What a child left behind.
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// What it wrote to standard error.
    pub output: String,
    /// The kind that it reported first.
    pub kind: Option<String>,
}

/// Runs `action` in a child that ends with status 0 afterwards.
pub fn run(action: impl FnOnce()) -> Outcome {
    let (mut reader, writer) = pipe();
    // SAFETY: the child uses the heap, which survives a fork, and ends without handlers.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // libFuzzer must not hear of what happens here.
        heapwarden::fuzz::set_death_callback(None);
        // SAFETY: open descriptors and valid signals; then the end of this process.
        unsafe {
            libc::dup2(writer.as_raw_fd(), 2);
            for signal in [libc::SIGABRT, libc::SIGILL, libc::SIGALRM] {
                libc::signal(signal, libc::SIG_DFL);
            }
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
            libc::alarm(20);
            action();
            libc::_exit(0);
        }
    }
    assert!(child > 0, "no child");
    drop(writer);
    let mut output = Vec::new();
    reader.read_to_end(&mut output).expect("what the child wrote");
    let mut status = 0;
    // SAFETY: our child, and a local.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    let output = String::from_utf8_lossy(&output).into_owned();
    let kind = output
        .split_once("ERROR: Heapwarden: ")
        .map(|(_, after)| after.split_whitespace().next().unwrap_or("").to_owned());
    let end = if libc::WIFEXITED(status) {
        End::Status(libc::WEXITSTATUS(status))
    } else {
        End::Signal(libc::WTERMSIG(status))
    };
    Outcome { end, output, kind }
}

fn pipe() -> (std::fs::File, OwnedFd) {
    let mut ends = [0; 2];
    // SAFETY: writes two numbers, which are ours then.
    unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
        (std::fs::File::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
    }
}
