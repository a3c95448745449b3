//! While a thread reports, the program's signal handlers wait.
//!
//! A handler that ran on our stack could leave by `longjmp`, and the report with its lock would
//! stay half done. What the thread's own instructions cause is let through: the fault handler
//! leads out of a report that goes wrong.

use super::process::{SignalSet, bit, set_blocked};

const LET_THROUGH: SignalSet = bit(libc::SIGSEGV)
    | bit(libc::SIGBUS)
    | bit(libc::SIGILL)
    | bit(libc::SIGFPE)
    | bit(libc::SIGTRAP)
    | bit(libc::SIGSYS);

/// Signals are blocked as long as this lives.
pub(super) struct Blocked {
    before: Option<SignalSet>,
}

impl Blocked {
    pub fn start() -> Blocked {
        Blocked { before: set_blocked(!LET_THROUGH) }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            set_blocked(before);
        }
    }
}
