//! How a model run fails: at once and with its seed, whichever thread finds the fault. A panic
//! that only ended its thread would leave the others waiting for it, and the core's own checks
//! abort without knowing of seeds.

use heapwarden_core::os::write_stderr;
use std::sync::OnceLock;

static NOTE: OnceLock<String> = OnceLock::new();

extern "C" fn say_and_die(signal: libc::c_int) {
    if let Some(note) = NOTE.get() {
        write_stderr(note.as_bytes());
    }
    // SAFETY: restores what the signal does by itself and raises it again: the process ends.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}

/// From here on every panic ends the process, and its end is explained by `note`.
pub fn explain(note: String) {
    NOTE.set(note).expect("one model run per process");
    std::panic::set_hook(Box::new(|panic| {
        // The test harness captures what is printed and would lose it; this is not captured.
        write_stderr(format!("{panic}\n").as_bytes());
        std::process::abort();
    }));
    for signal in [libc::SIGABRT, libc::SIGSEGV, libc::SIGBUS, libc::SIGALRM] {
        // SAFETY: the handler only reads a finished cell and makes system calls.
        unsafe { libc::signal(signal, say_and_die as *const () as libc::sighandler_t) };
    }
}
