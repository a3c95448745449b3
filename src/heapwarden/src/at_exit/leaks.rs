//! Leaks at the end of a process, and what is wanted done about them.

use super::once::Once;
use crate::fuzz;
use crate::leaks::{self, Level, Occasion};
use crate::report::{self, Action, Kind};
use core::ffi::c_int;

/// What is to happen after a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What would happen anyway.
    Nothing,
    /// The process ends with this status.
    Status(c_int),
    /// It dies by SIGABRT.
    Abort,
}

/// Does now what would be done about leaks at the end of the process, and not then.
pub fn check_now() {
    match tell("__lsan_do_leak_check") {
        Wanted::Nothing => {}
        Wanted::Status(status) => {
            fuzz::last_call();
            report::end_process(status)
        }
        Wanted::Abort => {
            fuzz::last_call();
            report::abort()
        }
    }
}

/// Reports leaks. The first call of a process does, the others nothing.
pub(super) fn tell(found_by: &'static str) -> Wanted {
    static DONE: Once = Once::new();
    let options = crate::start::options();
    if options.leaks == Level::Off || !DONE.is_first() {
        return Wanted::Nothing;
    }
    let found = leaks::report(Occasion::Quiet(found_by)).unwrap_or_default();
    let leaked = found.lost.blocks > 0;
    let kinds = [(Kind::Leak, leaked), (Kind::DanglingPointer, found.dangling > 0)];
    let calls_for =
        |action| kinds.iter().any(|(kind, found)| *found && options.on_error.of(*kind) == action);
    if calls_for(Action::Abort) {
        Wanted::Abort
    } else if calls_for(Action::Exit) {
        Wanted::Status(options.exit_code.into())
    } else if leaked && options.leak_exit_code != 0 {
        Wanted::Status(options.leak_exit_code.into())
    } else {
        Wanted::Nothing
    }
}
