//! What happens after a report.
//!
//! `abort` does what `abort()` does, without its lock: the program's own SIGABRT handler runs, as
//! it would after a report of AddressSanitizer or of glibc. Crash reporters and libFuzzer (which
//! saves its input there) rely on that. If the handler returns, or a second error happens in it,
//! the default action is restored and the process dies by SIGABRT.

use super::{Kind, process};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What to do after a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Die by SIGABRT.
    Abort,
    /// End with `exit_code`, at once.
    Exit,
    /// Go on.
    Continue,
}

impl Action {
    /// The names by which they are chosen.
    pub const NAMES: [&'static str; 3] = ["abort", "exit", "continue"];

    /// The name by which it is chosen.
    pub const fn name(self) -> &'static str {
        match self {
            Action::Abort => Action::NAMES[0],
            Action::Exit => Action::NAMES[1],
            Action::Continue => Action::NAMES[2],
        }
    }

    /// The action of this name.
    pub fn named(name: &[u8]) -> Option<Action> {
        let all = [Action::Abort, Action::Exit, Action::Continue];
        all.into_iter().find(|action| action.name().as_bytes() == name)
    }
}

/// What to do after a report of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnError {
    kinds: [Action; Kind::ALL.len()],
}

impl OnError {
    /// The same for every error; what is none yet ends no program.
    pub const fn all(action: Action) -> OnError {
        let mut kinds = [action; Kind::ALL.len()];
        let mut index = 0;
        while index < kinds.len() {
            if Kind::ALL[index].is_finding() {
                kinds[index] = Action::Continue;
            }
            index += 1;
        }
        OnError { kinds }
    }

    /// What to do after a report of this kind.
    pub fn of(&self, kind: Kind) -> Action {
        self.kinds.get(kind as usize).copied().unwrap_or(Action::Abort)
    }

    /// Chooses for one kind.
    pub fn set(&mut self, kind: Kind, action: Action) {
        if let Some(chosen) = self.kinds.get_mut(kind as usize) {
            *chosen = action;
        }
    }
}

/// The thread that is dying by SIGABRT; 0 for none.
static DYING: AtomicU32 = AtomicU32::new(0);

/// Dies by SIGABRT; the program's handler runs first.
pub(crate) fn abort() -> ! {
    let thread = process::thread_id();
    if DYING.swap(thread, Relaxed) != thread {
        process::unblock(libc::SIGABRT);
        process::raise(libc::SIGABRT);
    }
    abort_without_handler()
}

/// Dies by SIGABRT, whatever the program wanted done about that signal.
pub(super) fn abort_without_handler() -> ! {
    process::restore_default(libc::SIGABRT);
    process::unblock(libc::SIGABRT);
    process::raise(libc::SIGABRT);
    // Only a filter of system calls leads here. 128 + SIGABRT is what a shell would say.
    process::exit(134)
}
