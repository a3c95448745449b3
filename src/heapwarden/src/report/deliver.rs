//! From facts to a report on its way, and what is done after it.

use super::action::{self, Action};
use super::facts::Facts;
use super::lock::{self, Entry, Reporter};
use super::make::{Task, whole};
use super::session::Session;
use super::signals::Blocked;
use super::{deduplicate, last_output, own_stack, process, raw};
use crate::{fuzz, inside};

/// Reports an error, and does what the options want done after it. Returns only if that is to go
/// on. Can be called anywhere, with about 2 KiB of stack; takes no lock that the program can hold.
pub fn deliver(facts: &Facts<'_>) {
    let options = crate::start::options();
    let action = options.on_error.of(facts.kind);
    let fatal = action != Action::Continue;
    let slot = match action {
        Action::Continue => match deduplicate::count(facts) {
            Some(slot) => Some(slot),
            None => return,
        },
        _ => None,
    };
    let inside = inside::enter();
    let blocked = Blocked::start();
    let reporter = Reporter::start();
    match lock::enter() {
        Entry::Entered(guard) => match Session::of(guard) {
            Some(session) => whole(&Task { facts, options: &options, fatal, slot }, &session),
            None => raw::report(facts, &options, fatal),
        },
        Entry::Nested => nested(facts),
        Entry::Busy => raw::report(facts, &options, fatal),
    }
    drop(reporter);
    if fatal {
        lock::wait_for_others();
    }
    drop(blocked);
    drop(inside);
    if fatal {
        last_output::write();
        fuzz::last_call();
    }
    match action {
        Action::Continue => {}
        Action::Exit if !fuzz::wants_signal() => process::exit(i32::from(options.exit_code)),
        Action::Exit | Action::Abort => action::abort(),
    }
}

/// This thread failed inside of its own report. That one goes on without names; what failed here is
/// told in a line.
fn nested(facts: &Facts<'_>) -> ! {
    raw::line(facts);
    own_stack::escape();
    // Not on our stack: in the few lines before and after.
    action::abort_without_handler()
}

/// To be called first in a fault handler: if this thread is making a report, the fault is a report's
/// own. Then this does not return; the report goes on without names.
pub fn fault_inside() {
    if lock::is_mine() {
        own_stack::escape();
    }
}

/// The same for a panic of this library.
pub fn panic_inside() {
    fault_inside();
}
