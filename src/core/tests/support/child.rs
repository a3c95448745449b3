//! Child processes by `fork`, for what ends a process or must not disturb this one.

use std::fmt;

/// How a child ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It returned, or called exit.
    Status(i32),
    /// A signal killed it.
    Signal(i32),
}

impl fmt::Debug for End {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            End::Signal(libc::SIGALRM) => write!(out, "hung until its alarm went off"),
            End::Signal(libc::SIGABRT) => write!(out, "aborted"),
            End::Signal(signal) => write!(out, "killed by signal {signal}"),
            End::Status(status) => write!(out, "ended with status {status}"),
        }
    }
}

/// Seconds after which a child counts as hung: far more than any of them needs.
const ALARM: u32 = 60;

/// Runs `action` in a forked child and returns how that ended. A panic is status 101.
pub fn run(action: impl FnOnce()) -> End {
    // SAFETY: the child runs `action` and ends. Of what the parent's other threads may have left
    // locked it uses libc's malloc, which libc repairs, and the core, which is what is tested.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork: {}", std::io::Error::last_os_error());
    if child == 0 {
        // SAFETY: no handler is set, so the alarm kills.
        unsafe {
            libc::signal(libc::SIGALRM, libc::SIG_DFL);
            libc::alarm(ALARM);
        }
        // What a child prints through the test harness would be lost with it.
        std::panic::set_hook(Box::new(|panic| {
            heapwarden_core::os::write_stderr(format!("in a child: {panic}\n").as_bytes());
        }));
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(action));
        // SAFETY: ends the child without the parent's exit handlers.
        unsafe { libc::_exit(if result.is_ok() { 0 } else { 101 }) };
    }
    let mut status = 0;
    // SAFETY: writes one live local.
    let waited = unsafe { libc::waitpid(child, &mut status, 0) };
    assert_eq!(waited, child, "waitpid: {}", std::io::Error::last_os_error());
    if libc::WIFSIGNALED(status) {
        End::Signal(libc::WTERMSIG(status))
    } else {
        End::Status(libc::WEXITSTATUS(status))
    }
}
